import { lstat } from 'node:fs/promises';
import { join, posix, relative, resolve, sep } from 'node:path';
import { checks } from '../checks/index.ts';
import { Repository } from '../git/repository.ts';
import { type Check, exitCode, UsageError } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { policyHere } from '../sources/policy.ts';
import { nearest } from '../words/nearest.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'PATH|CHECK',
  flags: {},
  example: 'npx git-protect explain .protectionrc',
} as const satisfies Usage;

/** `protect explain PATH|CHECK`: why a path is guarded and by whom, or what a check is for. */
export async function explain(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = readOptions(args, usage.flags, 1);
  const about = positionals[0];
  if (about === undefined)
    throw new UsageError(
      'explain what?',
      `npx git-protect explain PATH, or one of ${checks.map(({ id }) => id).join(', ')}`,
    );
  const check = checks.find(({ id }) => id === about);
  if (check) {
    io.stdout.write(explainCheck(check));
    return exitCode.pass;
  }
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    io.stdout.write(await explainPath(repository, about));
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

function explainCheck({ id, summary, gates, weakenable, docs }: Check): string {
  return `${id}: ${summary}\n\n${docs.why}\n${docs.fix}\n\nruns at ${gates.join(', ')}; ${weakenable ? 'the policy may change or turn it off' : 'the policy cannot turn it off'}; since ${docs.since}\n`;
}

async function explainPath(repository: Repository, typed: string): Promise<string> {
  const { topLevel } = await repository.layout();
  const path = topLevel === null ? typed : relative(topLevel, resolve(repository.cwd, typed)).split(sep).join('/');
  if (path === '' || path.startsWith('../')) throw new UsageError(`'${typed}' is not inside this repository`);
  const loaded = await policyHere(repository);
  const guards = compileRules(loaded.policy)(Buffer.from(path).toString('latin1'));
  const shown = visible(path);
  const absent = await explainAbsence(repository, topLevel, path);
  if (guards.length === 0) return `${shown}: no rule of the policy holds; it changes freely\n${absent}`;
  const lines = guards.map(({ rule, pattern }) => {
    const owners = rule.required > 1 ? `${rule.required} of ${rule.owners.join(', ')}` : rule.owners.join(' or ');
    return `  ${pattern}  risk ${rule.risk}, approved by ${owners}${rule.reason ? `: ${visible(rule.reason)}` : ''}`;
  });
  return `${shown}: protected by ${loaded.source.replace(/^([0-9a-f]{12})[0-9a-f]+:/, '$1:')}\n${lines.join('\n')}\n${absent}`;
}

/** A line that says that the path is neither tracked nor lies here, and what was probably meant; else nothing. */
async function explainAbsence(repository: Repository, topLevel: string | null, path: string): Promise<string> {
  const cwd = topLevel === null ? {} : { cwd: topLevel };
  const head = await repository.commit('HEAD');
  const lists = [
    ['ls-files', '-z', '--cached'],
    ...(head === null ? [] : [['ls-tree', '-r', '-z', '--name-only', '--full-tree', head]]),
  ];
  const outputs = await Promise.all(
    lists.map(async (args) => (await repository.run(args, cwd)).stdout.toString('utf8')),
  );
  const tracked = [...new Set(outputs.flatMap((output) => output.split('\0')))].filter((other) => other !== '');
  if (tracked.some((other) => other === path || other.startsWith(`${path}/`))) return '';
  if (topLevel !== null && (await lies(join(topLevel, path)))) return '';
  const meant = nearestPath(path, tracked);
  return `no such file is here${meant === null ? '' : `; did you mean ${visible(meant)}?`}\n`;
}

async function lies(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The tracked path that is most like one: of a like name in the same folder, else of the same or a like path. */
function nearestPath(path: string, tracked: readonly string[]): string | null {
  const name = posix.basename(path);
  const folder = path.slice(0, -name.length);
  const beside = tracked.filter((other) => other.startsWith(folder) && !other.slice(folder.length).includes('/'));
  const sibling = nearest(
    name,
    beside.map((other) => other.slice(folder.length)),
  );
  if (sibling !== null) return folder + sibling;
  return (
    tracked.find((other) => other.endsWith(`/${name}`)) ??
    nearest(
      path,
      tracked.filter((other) => Math.abs(other.length - path.length) < 4),
    )
  );
}
