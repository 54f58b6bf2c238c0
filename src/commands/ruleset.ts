import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ownSide, remoteSide } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, type Policy, UsageError } from '../model/index.ts';
import { defaultBranch } from '../rules/rules.ts';
import { codeownersFile } from '../ruleset/codeowners.ts';
import { type Compared, compareGithub, compareGitlab } from '../ruleset/compare.ts';
import { githubRulesets, type Printed } from '../ruleset/github.ts';
import { gitlabSettings } from '../ruleset/gitlab.ts';
import { policyHere } from '../sources/policy.ts';
import { nearest } from '../words/nearest.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

const hosts = ['github', 'gitlab', 'codeowners'] as const;

export const usage = {
  words: hosts.join(' | '),
  flags: {
    check: {
      type: 'string',
      value: 'FILE',
      means: 'compare with what the host returned, or with the existing CODEOWNERS',
    },
  },
  example: 'npx git-protect ruleset github',
} as const satisfies Usage;

/** `protect ruleset`: what to tell the host, so that the check of CI binds. */
export async function ruleset(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const host = hosts.find((known) => known === positionals[0]);
  if (!host)
    throw new UsageError(`for which host? ${visible(positionals[0] ?? '')}`.trim(), didYouMean(positionals[0]));
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { policy } = await policyHere(repository);
    const { topLevel } = await repository.layout();
    const standard = defaultBranch(policy, await (topLevel === null ? ownSide(repository) : remoteSide(repository)));
    const printed = await print(repository, host, policy, standard);
    if (values.check !== undefined) return compare(io, host, printed, values.check);
    const { content, notes } = printed;
    io.stdout.write(typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
    for (const note of notes) io.stderr.write(`note: ${visible(note)}\n`);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

function didYouMean(word: string | undefined): string {
  const meant = word === undefined ? null : nearest(word, hosts);
  return `npx git-protect ruleset ${meant ?? hosts.join('|')}`;
}

async function print(
  repository: Repository,
  host: (typeof hosts)[number],
  policy: Policy,
  standard: string | null,
): Promise<Printed<object | string>> {
  if (host === 'github') return githubRulesets(policy, standard);
  if (host === 'gitlab') return gitlabSettings(policy, standard);
  const { topLevel } = await repository.layout();
  const where = topLevel === null ? {} : { cwd: topLevel };
  const { stdout } = await repository.run(['ls-files', '-z', '--full-name'], where);
  return codeownersFile(policy, stdout.toString('latin1').split('\0').slice(0, -1));
}

function compare(io: Io, host: (typeof hosts)[number], { content }: Printed<object | string>, file: string): number {
  const text = read(resolve(io.cwd, file), file);
  const { differences, untold } =
    typeof content === 'string' ? compareText(content, text) : compareJson(host, content, text, file);
  for (const difference of differences) io.stdout.write(`differs: ${visible(difference)}\n`);
  for (const one of untold) io.stdout.write(`not told: ${visible(one)}\n`);
  if (differences.length > 0) return exitCode.refused;
  if (untold.length > 0) return exitCode.undecided;
  io.stdout.write(`${visible(file)} asks for what the policy asks for\n`);
  return exitCode.pass;
}

function compareText(wanted: string, found: string): Compared {
  const same = found.replaceAll('\r\n', '\n') === wanted;
  return {
    differences: same
      ? []
      : ['it does not say what the policy says; write it again: npx git-protect ruleset codeowners'],
    untold: [],
  };
}

function compareJson(host: (typeof hosts)[number], wanted: object, text: string, file: string): Compared {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${file} is not JSON: ${(error as Error).message}`,
      host === 'github' ? 'gh api repos/OWNER/REPO/rulesets/ID > FILE' : 'curl …/projects/ID/protected_branches > FILE',
    );
  }
  return host === 'github'
    ? compareGithub(wanted as readonly object[], found)
    : compareGitlab(wanted as Parameters<typeof compareGitlab>[0], found);
}

function read(path: string, named: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${named} cannot be read: ${(error as Error).message}`);
  }
}
