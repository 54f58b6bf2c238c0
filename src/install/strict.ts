import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type LoadedPolicy, policyNames, UsageError } from '../model/index.ts';
import { defaultBranch } from '../rules/rules.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { shellWord } from '../words/shell-word.ts';
import type { HooksFolder } from './folder.ts';
import { packageRoot, readOptional, replaceFile, strictHook } from './plan.ts';

type Wired = HooksFolder & { readonly commonDir: string; readonly topLevel: string };

/** Where a clone that was asked for it, whatever its policy says, remembers that. */
export const strictKey = 'protect.strict';

/** Is this clone to run strict mode: was it asked for here, or does the policy demand it? */
export async function isStrict(repository: Repository): Promise<boolean> {
  return (await repository.configured(strictKey)) === 'true' || (await policyOf(repository))?.policy.strict === true;
}

/** An invalid policy is told where it judges, and keeps nobody from wiring. */
async function policyOf(repository: Repository): Promise<LoadedPolicy | null> {
  try {
    return await policyHereIfAny(repository);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** What the shell part of the hook looks for, as it should be now. */
export async function strictText(repository: Repository, topLevel: string): Promise<string> {
  const loaded = await policyOf(repository);
  const name = policyNames.find((candidate) => existsSync(join(topLevel, candidate)));
  const values = {
    policy: name === undefined ? '' : join(topLevel, name),
    strict_node: process.execPath,
    strict_entry: join(packageRoot, 'dist/hook.cjs'),
  };
  const lines = Object.entries(values).map(([key, path]) => `protect_${key}=${shellWord(path.split(sep).join('/'))}`);
  const patterns = await protectedPrefixes(repository, loaded);
  return `# What strict mode looks for in this clone. Written by git-protect: npx git-protect wire.\n${lines.join('\n')}\nprotect_moves() { case $1 in ${patterns.join(' | ')}) ;; *) return 1 ;; esac; }\n`;
}

/** A pattern of the shell for each name or glob that protects a branch: its beginning up to what is not literal. */
async function protectedPrefixes(repository: Repository, loaded: LoadedPolicy | null): Promise<string[]> {
  const everything = ["*' refs/heads/'*"];
  if (loaded === null) return everything;
  const standard = defaultBranch(loaded.policy, await remoteSide(repository));
  if (standard === null) return everything;
  const literal = [...Object.keys(loaded.policy.branches), standard].map((glob) => /^[\w./-]*/.exec(glob)![0]);
  if (literal.includes('')) return everything;
  // Some disks do not tell MAIN from main.
  const anyCase = (text: string) =>
    text.replace(/[A-Za-z]/g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
  return [...new Set(literal)].sort().map((text) => `*' refs/heads/'${anyCase(text)}*`);
}

/** Where the list lies. */
export const strictFile = (commonDir: string) => join(commonDir, 'protect', 'strict');

/**
 * Where `receive-pack` looks when somebody pushes into this clone: it runs in the Git directory, from where a relative
 * `core.hooksPath` leads elsewhere. Null: to the same folder.
 */
export function receivingFolder({ hooksPath, commonDir }: Wired): string | null {
  return isAbsolute(hooksPath) || hooksPath.startsWith('~') ? null : join(commonDir, hooksPath);
}

/** Writes what strict mode needs beside the hook itself, or takes it away. */
export async function writeStrict(repository: Repository, place: Wired, strict: boolean): Promise<void> {
  const list = strictFile(place.commonDir);
  if (!strict) return removeStrict(place);
  await mkdir(dirname(list), { recursive: true });
  await replaceFile(list, await strictText(repository, place.topLevel), 0o644);
  const receiving = receivingFolder(place);
  if (receiving === null) return;
  await mkdir(receiving, { recursive: true });
  await replaceFile(join(receiving, 'git-protect'), await readFile(join(packageRoot, 'hooks', 'git-protect')), 0o644);
  await replaceFile(join(receiving, strictHook), `#!/bin/sh\n${ownLine()}\n`, 0o755);
}

export async function removeStrict(place: Wired): Promise<void> {
  await rm(strictFile(place.commonDir), { force: true });
  const receiving = receivingFolder(place);
  if (receiving === null) return;
  const hook = await readOptional(join(receiving, strictHook));
  if (hook === null || !hook.includes(ownLine())) return;
  for (const name of [strictHook, 'git-protect']) await rm(join(receiving, name), { force: true });
  for (let folder = receiving; folder !== place.commonDir; folder = dirname(folder))
    try {
      await rmdir(folder);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) break;
      throw error;
    }
}

const ownLine = () => readFileSync(join(packageRoot, 'hooks', strictHook), 'utf8').trimEnd();
