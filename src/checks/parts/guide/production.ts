import type { DeployEnvironment, Policy } from '../../../model/index.ts';
import { code, table, words } from '../../../words/markdown.ts';
import { among, days, section } from './phrases.ts';

/** What has to hold before a deploy; names of variables, never their values. */
export function environments({ deploy }: Policy): string {
  const places = Object.entries(deploy).map(([name, place]) => environment(name, place));
  if (places.length === 0) return '';
  return section('Deploys', [
    '`npx git-protect predeploy` says whether this commit may go out now, and why not. What it asks for:',
    ...places,
  ]);
}

function environment(name: string, place: DeployEnvironment): string {
  const { branch, trigger, window, freezes, commands, coverage, health, disk, backups, rollback } = place;
  const lines = [
    `It is deployed from ${branch === null ? 'the default branch' : code(branch)}${trigger === 'push' ? ', by a push to it: **what is pushed there goes live**' : ''}.`,
    ...(window === null
      ? []
      : [
          `Only on ${among(window.days, 'and')}, from ${clock(window.hours.from)} until ${clock(window.hours.to)} (${code(window.timezone)}).`,
        ]),
    ...freezes.map(({ from, to, reason }) => `Not from ${from} to ${to}${reason === '' ? '' : `: ${words(reason)}`}.`),
    ...(commands.test === null ? [] : [`The tests pass: ${code(commands.test)}.`]),
    ...(commands.build === null ? [] : [`The build passes: ${code(commands.build)}.`]),
    ...(coverage === null
      ? []
      : [
          `Tests cover enough: ${Object.entries(coverage.minimums)
            .map(([pattern, percent]) => `${code(pattern)} ${percent} %`)
            .join(', ')}.`,
        ]),
    ...health.map(({ name: what }) => `${words(what)} answers as it should.`),
    ...(backups === null ? [] : [`The newest backup is at most ${days(backups.maxAge)} old.`]),
    ...(disk === null ? [] : ['There is enough space left on the disk.']),
    ...(rollback?.document ? [`The way back is written down in ${code(rollback.document)}.`] : []),
  ];
  return `### ${words(name)}\n\n${lines.map((text) => `- ${text}`).join('\n')}${variables(place)}`;
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Their fingerprints are in the policy; the values are nowhere. */
function variables({ environment: asked }: DeployEnvironment): string {
  if (asked === null) return '';
  const { required, pinned, different } = asked;
  const rows = [...new Set([...required, ...Object.keys(pinned)])].map((name) => {
    const { reason = '', fingerprint = null, rotated = null, maxAge = null, versions = null } = pinned[name] ?? {};
    const rule = [
      ...(required.includes(name) ? ['has to be set'] : []),
      ...(fingerprint === null ? [] : ['**must not change**']),
      ...(maxAge === null ? [] : [`is replaced at least every ${days(maxAge)}`]),
      ...(maxAge !== null || rotated === null ? [] : [`was made on ${rotated}`]),
      ...(versions === null ? [] : [`at least ${versions.atLeast} versions are kept`]),
    ];
    return [code(name), rule.join('; '), words(reason)];
  });
  const apart =
    different.length === 0 ? '' : `\n\nIts secrets are others than those of ${among(different.map(words), 'and')}.`;
  return `\n\n${table(['variable', 'rule', 'why'], rows)}${apart}\n\nValues of variables are never written down here or in the policy.`;
}

/** Values in files that hold the system together. */
export function settings({ settings: pinned }: Policy): string {
  const rows = pinned.map(({ file, files, at, pattern, equals, absent, reason }) => [
    code(file ?? files ?? ''),
    code(at ?? pattern ?? ''),
    absent ? 'stays out' : code(typeof equals === 'string' ? equals : JSON.stringify(equals)),
    words(reason),
  ]);
  return section('Settings that stay as they are', [table(['file', 'setting', 'value', 'why'], rows)]);
}

/** How data is kept from harm. */
export function databases({ migrations }: Policy): string {
  const rows = migrations.map(({ folder, tool, dialect, schema }) => [
    code(folder),
    tool,
    dialect,
    schema.map(code).join(', '),
  ]);
  if (rows.length === 0) return '';
  return section('The database', [
    'The schema changes by migrations alone. One that has landed is never edited: write another. One that destroys data (a dropped table or column, a delete of everything) needs the approval of an owner, and a backup taken before it runs. Never run such a statement by hand.',
    table(['migrations', 'tool', 'database', 'comes with a change of'], rows),
  ]);
}

/** What tests must not reach. */
export function targets({ targets: known }: Policy): string {
  const rows = Object.entries(known).map(([name, { hosts, ports }]) => [
    words(name),
    hosts.map(code).join(', '),
    ports.map((port) => code(String(port))).join(', '),
  ]);
  if (rows.length === 0) return '';
  return section('What tests must not reach', [
    'Tests run against test systems. No test names any of these; take relative URLs, or a variable.',
    table(['', 'hosts', 'ports'], rows),
  ]);
}
