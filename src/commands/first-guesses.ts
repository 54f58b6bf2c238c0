import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Porcelain } from '../git/porcelain.ts';
import { remoteSide, symbolicHead } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { readManifest } from '../install/package-script.ts';
import { packageFolder, readOptional } from '../install/plan.ts';
import { shellWord } from '../words/shell-word.ts';
import type { Ci } from './ci-template.ts';
import type { Unsure } from './unsure.ts';

/**
 * The branch to protect: the remote's default. Where no remote says which that is, main or master if there is one, else
 * the current one; with several branches that is a guess.
 */
export async function mainBranch(repository: Repository, unsure: Unsure): Promise<string> {
  const { head, branches } = await remoteSide(repository);
  if (head !== null) return head;
  const own = await repository.text(['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/']);
  const names = new Set([...branches.keys(), ...own.split('\n').filter((name) => name !== '')]);
  const current = (await symbolicHead(repository))?.replace(/^refs\/heads\//, '');
  const guess = ['main', 'master', 'trunk'].find((name) => names.has(name)) ?? current ?? 'main';
  if (names.size < 2) return guess;
  return unsure.word('Branch that changes land on', guess, (name) =>
    names.has(name) ? null : `there is no branch '${name}'`,
  );
}

/** Where changes are judged besides the hooks, by what the repository and its remotes say. */
export async function guessCi(porcelain: Porcelain, tracked: readonly string[], topLevel: string): Promise<Ci> {
  const urls = (await porcelain.remoteUrls()).join('\n');
  if (tracked.includes('.gitlab-ci.yml') || /gitlab/i.test(urls)) return 'gitlab';
  if (
    tracked.some((path) => path.startsWith('.github/')) ||
    existsSync(join(topLevel, '.github')) ||
    /github/i.test(urls)
  )
    return 'github';
  return 'none';
}

/** Files of projects that something can be built of. */
const buildable = ['package.json', 'Makefile', 'go.mod', 'Cargo.toml', 'pyproject.toml', 'pom.xml', 'build.gradle'];
/** What stands for no command. */
const none = 'none';

/**
 * The command that builds, from the top level: the `build` script of the package there, or of the one below it. Where
 * there is none a person may name another.
 */
export async function buildCommand(topLevel: string, cwd: string, unsure: Unsure): Promise<string | null> {
  const folder = existsSync(join(topLevel, 'package.json')) ? null : packageFolder(topLevel, cwd);
  const text = await readOptional(join(topLevel, folder ?? '.', 'package.json'));
  if (text !== null && typeof readManifest(text, 'package.json').scripts?.['build'] === 'string')
    return folder === null ? 'npm run build' : `npm --prefix ${shellWord(folder)} run build`;
  if (!buildable.some((name) => existsSync(join(topLevel, name)))) return null;
  const typed = await unsure.word('Command that has to pass before a push', none, (command) =>
    /[\p{Cc}]/u.test(command) ? 'a command is one line of text' : null,
  );
  return typed === none ? null : typed;
}
