import { logArguments, readCommits } from '../git/log.ts';
import type { Repository } from '../git/repository.ts';
import { named } from '../words/named.ts';
import { visible } from '../words/visible.ts';
import type { Suggestion } from './first-policy.ts';
import type { Unsure } from './unsure.ts';

/** What changes so often that an owner would be asked all the time: left to a person, who knows what it is worth. */
export interface Often {
  /** The rule that would protect it. */
  readonly rule: Suggestion;
  /** Of the last commits: how many changed it. */
  readonly times: number;
}

/** Rules without what changes all the time. */
export interface Weighed {
  readonly rules: readonly Suggestion[];
  readonly often: readonly Often[];
  /** Commits that were looked at, and those of them that changed some of what is left out. */
  readonly seen: number;
  readonly changed: number;
}

/** Commits that are looked at; with fewer than the least, nobody can say what changes often. */
const most = 100;
const least = 50;
/** Of a hundred commits so many may wait for an approval of what is not critical; and what fewer change is not changed often. */
const bearable = 4;

/**
 * Holds the rules against the last commits: what is deployed and how the database changes may stop few of them, or nobody
 * keeps the tool. What is critical stays, and so does what decides what lands.
 * @param light the reasons of the rules that may be left out
 */
export async function weigh(
  repository: Repository,
  rules: readonly Suggestion[],
  tracked: readonly string[],
  light: readonly string[],
  unsure: Unsure,
): Promise<Weighed> {
  const commits = await lastChanges(repository);
  const all = { rules, often: [], seen: commits.length, changed: 0 };
  if (commits.length < least) return all;
  const isLight = (rule: Suggestion) => rule.risk === 'high' && light.includes(rule.reason);
  const heavy = rules.filter((rule) => !isLight(rule));
  const lighter = rules.filter(isLight);
  const waiting = commits
    .filter((paths) => !paths.some((path) => heavy.some((rule) => patternOf(rule, path) !== null)))
    .map((paths) => new Set(paths.flatMap((path) => lighter.flatMap((rule) => patternOf(rule, path) ?? []))));
  const plain = tracked.filter((path) => /^[\w./-]+$/.test(path)).map((path) => `/${path}`);
  const out = mostChanged(waiting, new Set(plain), (commits.length * bearable) / 100);
  if (out.size === 0) return all;
  const often = lighter.flatMap((rule) => oftenOf(rule, out, commits)).sort((a, b) => b.times - a.times);
  const changed = commits.filter((paths) =>
    paths.some((path) => often.some(({ rule }) => isUnder(path, rule.paths[0]!))),
  ).length;
  const names = visible(named(often.flatMap(({ rule }) => rule.paths)));
  if (await unsure.yes(`Protect ${names} too, changed in ${changed} of the last ${commits.length} commits?`, false))
    return all;
  return {
    rules: rules.flatMap((rule) => (isLight(rule) ? without(rule, out) : [rule])),
    often,
    seen: commits.length,
    changed,
  };
}

/** The paths that the last commits of this branch changed, as patterns write them; a merge is what it brought. */
async function lastChanges(repository: Repository): Promise<string[][]> {
  if ((await repository.head()).commit === null) return [];
  const args = [...logArguments({ paths: true, line: true }), `--max-count=${most}`, 'HEAD', '--'];
  const changes: string[][] = [];
  for await (const commits of readCommits(repository.stream(args)))
    for (const { paths } of commits)
      changes.push(paths.map((path) => `/${Buffer.from(path, 'latin1').toString('utf8')}`));
  return changes;
}

const isUnder = (path: string, pattern: string) =>
  path === pattern || (pattern.endsWith('/') && path.startsWith(pattern));

/** The pattern of a rule that asks for an approval of a path; null where none does. */
function patternOf({ paths }: Suggestion, path: string): string | null {
  if (paths.some((pattern) => pattern.startsWith('!') && isUnder(path, pattern.slice(1)))) return null;
  return paths.find((each) => isUnder(path, each)) ?? null;
}

/**
 * The patterns without which no more than so many commits wait.
 * @param files those that a pattern can name; what is gone is none of them
 */
function mostChanged(waiting: readonly Set<string>[], files: ReadonlySet<string>, limit: number): Set<string> {
  const out = new Set<string>();
  for (;;) {
    const open = waiting.map((patterns) => [...patterns].filter((each) => !out.has(each)));
    if (open.filter((patterns) => patterns.length > 0).length <= limit) return out;
    const times = new Map<string, number>();
    for (const pattern of open.flat())
      if (pattern.endsWith('/') || files.has(pattern)) times.set(pattern, (times.get(pattern) ?? 0) + 1);
    const [next] = [...times].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    if (next === undefined || next[1] <= limit) return out;
    out.add(next[0]);
  }
}

function oftenOf(rule: Suggestion, out: ReadonlySet<string>, commits: readonly string[][]): Often[] {
  const touched = commits.map((paths) => new Set(paths.map((path) => patternOf(rule, path))));
  return [...out].flatMap((pattern) => {
    const times = touched.filter((patterns) => patterns.has(pattern)).length;
    return times === 0 ? [] : [{ rule: { ...rule, paths: [pattern] }, times }];
  });
}

/** The rule without these, and without exceptions that lie in no folder of it any more. */
function without(rule: Suggestion, out: ReadonlySet<string>): Suggestion[] {
  const kept = rule.paths.filter((path) => !out.has(path));
  const folders = kept.filter((path) => path.endsWith('/') && !path.startsWith('!'));
  const paths = kept.filter((path) => !path.startsWith('!') || folders.some((folder) => path.startsWith(`!${folder}`)));
  return paths.some((path) => !path.startsWith('!')) ? [{ ...rule, paths }] : [];
}
