import type { BranchRule, CheckSettings, Policy, TagRule } from '../../../model/index.ts';
import { code, table } from '../../../words/markdown.ts';
import { among, days, section } from './phrases.ts';

/** Branches and tags that are not anybody's to move. */
export function branches({ branches: rules, tags, landing, strict }: Policy): string {
  const rows = [
    ...Object.entries(rules).map(([glob, rule]) => [`branch ${code(glob)}`, branchWords(rule)]),
    ...Object.entries(tags).map(([glob, rule]) => [`tag ${code(glob)}`, tagWords(rule)]),
  ];
  const landings = {
    merge: 'A proposal lands by a merge; every commit of it stays as it is.',
    squash:
      'A proposal lands as one commit whose message is its title, so the title has to have the form of a message.',
    rebase: 'A proposal lands commit by commit, so each of them has to hold by itself.',
  };
  return section('Branches and tags', [
    'The default branch is protected whether it is listed or not: it is never pushed by force and never deleted.',
    table(['', 'rule'], rows),
    landings[landing],
    strict
      ? 'Every clone runs strict mode: a protected branch moves only to what passes, whatever command moves it.'
      : '',
  ]);
}

function branchWords({ forcePush, delete: removal, directPush }: BranchRule): string {
  const never = [
    ...(forcePush === 'refuse' ? ['pushed by force'] : []),
    ...(removal === 'refuse' ? ['deleted'] : []),
    ...(directPush === 'refuse' ? ['pushed to directly: everything lands by a proposal'] : []),
  ];
  return never.length === 0 ? 'checked, otherwise free' : `never ${among(never)}`;
}

function tagWords({ move, delete: removal, create }: TagRule): string {
  const never = [
    ...(move === 'refuse' ? ['moved'] : []),
    ...(removal === 'refuse' ? ['deleted'] : []),
    ...(create === 'refuse' ? ['made by hand'] : []),
  ];
  const where = create === 'protected' ? ['made only on a commit that a protected branch holds'] : [];
  return [...(never.length > 0 ? [`never ${among(never)}`] : []), ...where].join('; ') || 'free';
}

/** The form of a message, and some that have it. */
export function commits({ commits: { types, criticalType, scope, subjectMax, emoji, prefix }, files }: Policy): string {
  const scopes = { optional: '(scope)', required: '(scope)', none: '' };
  const asked = { optional: ', the scope in brackets if it helps,', required: ', a scope in brackets,', none: ',' };
  const critical = files.some(({ risk }) => risk === 'critical');
  const part = scope === 'none' ? '' : scope === 'required' ? '(orders)' : '';
  const usual = types.filter((type) => type !== criticalType);
  const [first = criticalType, second = first] = usual;
  const examples = [
    `${first}${part}: page through long lists of orders`,
    ...(scope === 'optional'
      ? [`${second}(orders): keep the order of equal dates`]
      : [`${second}${part}: keep the order of equal dates`]),
    ...(critical ? [`${criticalType}${part}: raise the timeout of the payment provider`] : []),
  ];
  return section('Commit messages', [
    `The first line is the type${asked[scope]} a colon and what the commit does, in at most ${subjectMax} characters: ${code(`type${scopes[scope]}: subject`)}.\nThe types are ${types.map(code).join(', ')}.`,
    critical
      ? `A commit that changes a **critical** file has the type ${code(criticalType)}, so that it stands out in every log.`
      : '',
    [
      ...(emoji === 'allow' ? ['An emoji may stand in front of the type.'] : []),
      ...(prefix === null ? [] : [`In front of the type may stand what matches ${code(prefix)}.`]),
    ].join(' '),
    `\`\`\`text\n${examples.join('\n')}\n\`\`\``,
  ]);
}

/** What runs by itself. */
export function gates({ build, staged, checks }: Policy): string {
  const own = Object.entries(checks).filter(([, { command }]) => command !== undefined);
  const changed = Object.entries(checks).filter(
    ([, { command, severity }]) => command === undefined && severity !== undefined && severity !== 'error',
  );
  const lines = [
    ...(build === null
      ? []
      : [`${code(build.command)} has to pass (${among(build.on, 'and')}; it may take ${days(build.timeout)}).`]),
    ...(staged === null ? [] : ['What is staged is formatted and linted before it is committed.']),
    ...own.map(([id, settings]) => ownWords(id, settings)),
    ...changed.map(([id, { severity }]) =>
      severity === 'off' ? `The check ${code(id)} is switched off.` : `The check ${code(id)} only warns.`,
    ),
  ];
  return section('What runs by itself', [
    lines.map((text) => `- ${text}`).join('\n'),
    'No file may hold a password, a key or a token; `npx git-protect explain CHECK` says what any check wants, and the list of them comes with the package (`docs/checks.md`).',
  ]);
}

function ownWords(id: string, { on, severity = 'error' }: CheckSettings): string {
  const where = on === undefined ? '' : ` (${among(on, 'and')})`;
  return `The check ${code(id)} of this project ${severity === 'error' ? 'has to pass' : 'warns'}${where}.`;
}
