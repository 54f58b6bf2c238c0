import { type BytePath, ownFolder, type Policy, policyNames, UsageError } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { visible } from '../words/visible.ts';
import { ownersOf, parseCodeowners } from './codeowners-match.ts';
import type { Printed } from './github.ts';
import { codeownersPattern } from './globs.ts';

/** GitHub reads no more, and then none of it. */
const largest = 3 << 20;

/**
 * CODEOWNERS from the policy: the last line that matches a file decides there, so the rules come first, and what several of them
 * hold for stands by itself behind them.
 * @param tracked the files of the repository
 * @throws UsageError when no owner has a `github:`
 */
export function codeownersFile(policy: Policy, tracked: readonly BytePath[]): Printed<string> {
  if (!Object.values(policy.owners).some(({ github }) => github !== undefined))
    throw new UsageError(
      'no owner has a github:, so nobody could be named',
      'add github: "@name" under owners: in the policy',
    );
  const notes = [
    'any one owner is enough for CODEOWNERS, and a review is not a signature: what binds is the check of CI',
  ];
  const lines = [
    '# Written by `npx git-protect ruleset codeowners` from the policy. Change that, and run it again.',
    '# The last line that matches a file decides; any one of its owners is enough.',
    ...unnamed(policy),
  ];
  for (const [index, rule] of policy.files.entries()) {
    lines.push('', `# ${visible(rule.reason || `rule ${index + 1}`).replace(/[\n\t]/g, ' ')} (${rule.risk})`);
    if (rule.required > 1)
      lines.push(`# ${rule.required} owners are needed here, which cannot be said: one is asked for.`);
    for (const source of rule.paths) lines.push(...ruleLines(source, handles(policy, rule.owners), notes));
  }
  lines.push(...exceptions(policy, tracked, lines, notes), '', '# The policy, and who decides about it.');
  const everyone = handles(
    policy,
    [...new Set(policy.files.flatMap(({ owners }) => owners))].concat(
      policy.files.length === 0 ? Object.keys(policy.owners) : [],
    ),
  );
  const own = [
    ...policyNames.map((name) => `/${name}`),
    `/${ownFolder}`,
    '/CODEOWNERS',
    '/.github/CODEOWNERS',
    '/docs/CODEOWNERS',
  ];
  for (const path of own) lines.push(`${path} ${everyone.join(' ')}`);
  const content = `${lines.join('\n')}\n`;
  if (Buffer.byteLength(content) > largest) notes.push('the file is larger than 3 MB, and GitHub ignores such a file');
  return { content, notes: [...new Set(notes)] };
}

function handles({ owners }: Policy, names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => owners[name]?.github ?? []))];
}

function unnamed({ owners }: Policy): string[] {
  const without = Object.entries(owners)
    .filter(([, { github }]) => github === undefined)
    .map(([name]) => name);
  return without.length === 0 ? [] : [`# Without a github: in the policy, so not named here: ${without.join(', ')}`];
}

function ruleLines(source: string, owners: readonly string[], notes: string[]): string[] {
  if (source.startsWith('!'))
    return [
      `# ${visible(source)} is taken out of the rule; there is no such line here, so its files stand by themselves below.`,
    ];
  const translated = codeownersPattern(source);
  if (translated === null) {
    notes.push(`${visible(source)} cannot be written in CODEOWNERS`);
    return [`# ${visible(source)} cannot be written here; its files stand by themselves below.`];
  }
  if (translated.wider !== null) notes.push(`${visible(source)}: ${translated.wider}`);
  if (owners.length === 0) return [`# ${visible(source)} has no owner with a github:`];
  return [`${translated.pattern} ${owners.join(' ')}`];
}

/** Tracked files of which the lines so far say something else than the policy: what several rules hold for, or one takes out. */
function exceptions(policy: Policy, tracked: readonly BytePath[], lines: readonly string[], notes: string[]): string[] {
  const rules = compileRules(policy);
  const written = parseCodeowners(lines.join('\n'));
  const more: string[] = [];
  for (const bytes of tracked) {
    const path = Buffer.from(bytes, 'latin1').toString('utf8');
    const guards = rules(bytes).filter(({ builtIn }) => !builtIn);
    const wanted = handles(
      policy,
      guards.flatMap(({ rule }) => rule.owners),
    );
    const found = ownersOf(written, path);
    if (wanted.length === found.length && wanted.every((owner) => found.includes(owner))) continue;
    if (/[*?[\]\\#!\n\t]|^ | $/.test(path) || Buffer.from(path).toString('latin1') !== bytes) {
      notes.push(`${visible(path)} has a name that CODEOWNERS cannot hold`);
      continue;
    }
    more.push([`/${path.replaceAll(' ', '\\ ')}`, ...wanted].join(' '));
  }
  return more.length === 0 ? [] : ['', '# Under several rules, or taken out of one.', ...more];
}
