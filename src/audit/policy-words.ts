import type { BranchRule, DeployEnvironment, Policy, TagRule } from '../model/index.ts';
import { writtenPolicy } from '../policy/written.ts';
import { tellFiles } from './policy-files.ts';
import { count, Teller } from './teller.ts';

/** What changed between two policies, and which of it protects less. */
export interface PolicyWords {
  readonly says: readonly string[];
  readonly weaker: readonly string[];
}

/** What a change of the policy changes, in words. */
export function policyWords(before: Policy, after: Policy): PolicyWords {
  const teller = new Teller();
  if (before.project !== after.project)
    teller.weak(`the project is another: approvals signed for ${before.project ?? 'none'} no longer count`);
  tellOwners(before, after, teller);
  tellFiles(before.files, after.files, teller);
  tellRefs('branch', before.branches, after.branches, teller);
  tellRefs('tag', before.tags, after.tags, teller);
  tellApprovals(before, after, teller);
  tellChecks(before, after, teller);
  tellDeploy(before, after, teller);
  tellLists(before, after, teller);
  tellRest(before, after, teller);
  return { says: teller.says, weaker: teller.weaker };
}

/** What the first policy brings. */
export function firstWords(policy: Policy): string[] {
  const { owners, files, branches } = policy;
  const patterns = files.flatMap(({ paths }) => paths).length;
  return [
    `protection begins: ${count(Object.keys(owners).length, 'owner')} (${Object.keys(owners).join(', ') || 'none'}), ${count(files.length, 'rule')} with ${count(patterns, 'pattern')} of protected files, ${count(Object.keys(branches).length, 'listed branch', 'listed branches')}`,
  ];
}

function tellOwners({ owners: before }: Policy, { owners: after }: Policy, teller: Teller): void {
  for (const [name, { keys }] of Object.entries(after)) {
    const known = before[name]?.keys.map(({ blob }) => blob);
    if (!known) {
      teller.weak(`${name} became an owner, with ${count(keys.length, 'key')}`);
      continue;
    }
    const more = keys.filter(({ blob }) => !known.includes(blob)).length;
    if (more > 0) teller.weak(`${name} has ${count(more, 'new key')}`);
    const fewer = known.filter((blob) => !keys.some((key) => key.blob === blob)).length;
    if (fewer > 0) teller.say(`${count(fewer, 'key')} of ${name} no longer count${fewer === 1 ? 's' : ''}`);
  }
  for (const name of Object.keys(before)) if (!after[name]) teller.say(`${name} is no longer an owner`);
}

const refusing = ['refuse', 'protected', 'allow'];

function tellRefs<R extends BranchRule | TagRule>(
  kind: 'branch' | 'tag',
  before: Readonly<Record<string, R>>,
  after: Readonly<Record<string, R>>,
  teller: Teller,
): void {
  for (const [glob, rule] of Object.entries(after)) {
    const was = before[glob];
    if (!was) teller.say(`the ${kind} ${glob} is protected`);
    for (const [key, value] of Object.entries(rule)) {
      const earlier = was?.[key as keyof R] as string | undefined;
      if (earlier !== undefined && earlier !== value)
        teller.either(
          refusing.indexOf(value) > refusing.indexOf(earlier),
          `${kind} ${glob}: ${key} is ${value}, was ${earlier}`,
        );
    }
  }
  for (const glob of Object.keys(before))
    if (!after[glob]) teller.weak(`the ${kind} ${glob} is no longer listed as protected`);
}

function tellApprovals(before: Policy, after: Policy, teller: Teller): void {
  const [was, now] = [before.approvals, after.approvals];
  if (was.needed !== now.needed)
    teller.either(now.needed === 'landing', `approvals are needed at the ${now.needed}, were at the ${was.needed}`);
  if (was.lifetime !== now.lifetime)
    teller.either(
      now.lifetime > was.lifetime,
      `an approval may live ${hours(now.lifetime)}, was ${hours(was.lifetime)}`,
    );
  if (was.touch !== now.touch)
    teller.either(now.touch === 'optional', `touching a hardware key is ${now.touch}, was ${was.touch}`);
  if (before.strict !== after.strict)
    teller.either(!after.strict, `strict mode is ${after.strict ? '' : 'no longer '}demanded`);
  if (before.landing !== after.landing) teller.say(`proposals land by ${after.landing}, did by ${before.landing}`);
}

const grave = ['off', 'note', 'warning', 'error'];

function tellChecks({ checks: before }: Policy, { checks: after }: Policy, teller: Teller): void {
  for (const id of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, now] = [before[id], after[id]];
    if (now === undefined && was?.command) teller.weak(`the check ${id} is gone`);
    if (was === undefined && now?.command) teller.say(`the check ${id} is new`);
    const [earlier, severity] = [was?.severity ?? 'error', now?.severity ?? 'error'];
    if (severity !== earlier)
      teller.either(grave.indexOf(severity) < grave.indexOf(earlier), `the check ${id} is ${severity}, was ${earlier}`);
    const fewer = now?.on ? (was?.on ?? []).filter((gate) => !now.on!.includes(gate)) : [];
    if (fewer.length > 0 || (now?.on && was && !was.on))
      teller.weak(`the check ${id} runs at fewer gates: ${now!.on!.join(', ')}`);
    if (!same(was?.options, now?.options)) teller.say(`the options of the check ${id} changed`);
    if (was?.command && now?.command && !same(was.command, now.command))
      teller.say(`the check ${id} runs another command`);
  }
}

function tellDeploy({ deploy: before }: Policy, { deploy: after }: Policy, teller: Teller): void {
  for (const [name, place] of Object.entries(after)) {
    const was = before[name];
    if (!was) teller.say(`the environment ${name} is deployed to`);
    else tellEnvironment(name, was, place, teller);
  }
  for (const name of Object.keys(before))
    if (!after[name]) teller.weak(`the environment ${name} has no conditions any more`);
}

function tellEnvironment(name: string, before: DeployEnvironment, after: DeployEnvironment, teller: Teller): void {
  for (const key of Object.keys(after) as (keyof DeployEnvironment)[]) {
    if (same(before[key], after[key])) continue;
    const gone = isNothing(after[key]) && !isNothing(before[key]);
    teller.either(gone, gone ? `${name}: ${key} is not asked for any more` : `${name}: ${key} changed`);
  }
}

/** Parts of which each entry asks for something: one that is gone asks no more. */
function tellLists(before: Policy, after: Policy, teller: Teller): void {
  const parts = {
    settings: ({ settings }: Policy) =>
      settings.map(({ file, files, at, pattern }) => `${file ?? files} ${at ?? pattern}`),
    migrations: ({ migrations }: Policy) => migrations.map(({ folder, tool }) => `${folder} of ${tool}`),
    targets: ({ targets }: Policy) =>
      Object.entries(targets).flatMap(([name, { hosts, ports }]) =>
        [...hosts, ...ports].map((one) => `${name} ${one}`),
      ),
  };
  for (const [part, names] of Object.entries(parts)) {
    const [was, now] = [names(before), names(after)];
    for (const one of was) if (!now.includes(one)) teller.weak(`${part}: ${one} is no longer held`);
    for (const one of now) if (!was.includes(one)) teller.say(`${part}: ${one} is held`);
    if (same([...was].sort(), [...now].sort()) && !same(before[part as keyof Policy], after[part as keyof Policy]))
      teller.say(`${part} changed`);
  }
}

const toldAlready = [
  'version',
  'project',
  'owners',
  'files',
  'branches',
  'tags',
  'approvals',
  'strict',
  'landing',
  'checks',
  'deploy',
  'settings',
  'migrations',
  'targets',
];

/** What has no words of its own, key by key as it stands in the file. */
function tellRest(before: Policy, after: Policy, teller: Teller): void {
  const [was, now] = [writtenPolicy(before), writtenPolicy(after)].map((one) => one as Record<string, unknown>) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of new Set([...Object.keys(was), ...Object.keys(now)])) {
    if (toldAlready.includes(key) || same(was[key], now[key])) continue;
    if (now[key] === undefined) teller.weak(`${key} is not asked for any more`);
    else if (was[key] === undefined || !isMap(now[key]) || !isMap(was[key])) teller.say(`${key} changed`);
    else {
      const [earlier, present] = [was[key], now[key]] as Record<string, unknown>[];
      for (const inner of new Set([...Object.keys(earlier!), ...Object.keys(present!)]))
        if (!same(earlier![inner], present![inner]))
          teller.say(`${key}.${inner} is ${plain(present![inner])}, was ${plain(earlier![inner])}`);
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const isNothing = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);

function plain(value: unknown): string {
  const text = value === undefined ? 'nothing' : Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function hours(milliseconds: number): string {
  return milliseconds % 864e5 === 0
    ? count(milliseconds / 864e5, 'day')
    : count(Math.round(milliseconds / 36e4) / 10, 'hour');
}
