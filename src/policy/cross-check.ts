import { checks } from '../checks/index.ts';
import type { CheckSettings } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { crossCheckBackups } from './cross-check-backups.ts';
import { crossCheckDatabases } from './cross-check-databases.ts';
import { crossCheckDeploy } from './cross-check-deploy.ts';
import { crossCheckShip } from './cross-check-ship.ts';
import type { RawPolicy, Tell } from './raw.ts';

/** Checks what binds one part of the file to another. */
export function crossCheck(raw: RawPolicy, tell: Tell): void {
  const owners = Object.keys(raw.owners);
  for (const [index, rule] of raw.files.entries()) checkRule(rule, `files[${index}]`, owners, tell);
  const keys = new Map<string, string>();
  for (const owner of owners)
    for (const [index, key] of raw.owners[owner]!.keys.entries()) {
      const other = keys.get(key.blob);
      if (other)
        tell(`owners.${owner}.keys[${index}]`, `the same key is listed under '${other}'; one key is one person`);
      else keys.set(key.blob, owner);
    }
  if (raw.commits.prefix !== undefined) checkPrefix(raw.commits.prefix, tell);
  for (const [id, settings] of Object.entries(raw.checks)) checkSettings(id, settings, tell);
  crossCheckDeploy(raw, tell);
  crossCheckShip(raw, tell);
  crossCheckDatabases(raw, tell);
  crossCheckBackups(raw, tell);
}

function checkPrefix(prefix: string, tell: Tell): void {
  try {
    if (new RegExp(`^(?:${prefix})$`, 'u').test('')) tell('commits.prefix', 'matches nothing at all as well');
  } catch (error) {
    tell(
      'commits.prefix',
      (error as Error).message.replace(/^Invalid regular expression: /, 'is not a regular expression: '),
    );
  }
}

function checkRule(rule: RawPolicy['files'][number], path: string, owners: readonly string[], tell: Tell): void {
  const named = new Set(rule.owners ?? owners).size;
  for (const [index, owner] of (rule.owners ?? []).entries())
    if (!owners.includes(owner))
      tell(`${path}.owners[${index}]`, `'${owner}' is not under owners:${didYouMean(owner, owners)}`);
  if (named === 0) tell(path, 'nobody could approve a change: there are no owners; add one under owners:');
  else if (rule.required > named)
    tell(path, `required is ${rule.required}, but the rule has ${named} owner${named === 1 ? '' : 's'}`);
  if (rule.paths.every((pattern) => pattern.startsWith('!')))
    tell(path, "only takes paths back ('!'); name what it protects first");
}

function checkSettings(id: string, settings: CheckSettings, tell: Tell): void {
  const path = `checks.${id}`;
  const check = checks.find((candidate) => candidate.id === id);
  if (!check) {
    const hint = didYouMean(
      id,
      checks.map((known) => known.id),
    );
    if (!settings.command) tell(path, `there is no such check${hint || "; a check of your own needs 'command:'"}`);
    else if (settings.command[0]!.startsWith('-')) tell(`${path}.command`, 'the executable may not start with -');
    return;
  }
  if (settings.command) tell(`${path}.command`, `'${id}' is built in; give a check of your own another name`);
  if (settings.options !== undefined && !check.options) tell(`${path}.options`, `'${id}' takes no options`);
  if (settings.timeout !== undefined && check.timeout === 0)
    tell(`${path}.timeout`, `'${id}' has its own; set ${id}.timeout`);
  for (const gate of settings.on ?? [])
    if (!check.gates.includes(gate))
      tell(`${path}.on`, `'${id}' does not run at ${gate}; it runs at ${check.gates.join(', ')}`);
  const weaker = settings.severity !== undefined && settings.severity !== 'error';
  if (!check.weakenable && (weaker || settings.on)) tell(path, `'${id}' cannot be turned off or weakened`);
}

/** `; did you mean 'x'?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const candidate = nearest(word, candidates);
  return candidate && candidate !== word ? `; did you mean '${candidate}'?` : '';
}
