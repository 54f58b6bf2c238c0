import { isUnstructured } from '../readers/settings/structured.ts';
import { patternFault } from '../rules/match.ts';
import type { RawEnvironment, RawPolicy, RawSetting, Tell } from './raw.ts';

/** Checks what belongs together within `deploy:`, `settings:` and `targets:`. */
export function crossCheckDeploy(raw: RawPolicy, tell: Tell): void {
  for (const [name, environment] of Object.entries(raw.deploy)) checkEnvironment(environment, `deploy.${name}`, tell);
  for (const [name, { environment }] of Object.entries(raw.deploy))
    for (const other of environment?.different ?? [])
      if (other === name || !Object.hasOwn(raw.deploy, other))
        tell(`deploy.${name}.environment.different`, `'${other}' is not another environment of deploy:`);
  for (const [index, setting] of raw.settings.entries()) checkSetting(setting, `settings[${index}]`, tell);
  for (const [name, { hosts, ports }] of Object.entries(raw.targets))
    if (hosts.length + ports.length === 0) tell(`targets.${name}`, 'names neither hosts nor ports');
}

function checkEnvironment(raw: RawEnvironment, path: string, tell: Tell): void {
  for (const [index, { from, to }] of raw.freezes.entries())
    if (from > to) tell(`${path}.freezes[${index}]`, `ends (${to}) before it starts (${from})`);
  for (const glob of Object.keys(raw.coverage?.minimums ?? {})) {
    const fault = patternFault(glob);
    if (fault || glob.startsWith('!')) tell(`${path}.coverage.minimums.${glob}`, fault ?? "only takes back ('!')");
  }
  if (raw.coverage && Object.keys(raw.coverage.minimums).length === 0)
    tell(`${path}.coverage.minimums`, 'is empty, so nothing would be looked at');
  for (const [name, pinned] of Object.entries(raw.environment?.pinned ?? {})) {
    const place = `${path}.environment.pinned.${name}`;
    const { fingerprint, rotated, maxAge, versions } = pinned;
    if ([fingerprint, rotated, maxAge, versions].every((one) => one === undefined))
      tell(place, 'pins nothing: give it a fingerprint, rotated or versions');
    if (maxAge !== undefined && rotated === undefined) tell(place, 'maxAge needs rotated: the day it counts from');
  }
  for (const [index, { expect }] of raw.health.entries())
    for (const [at, value] of Object.entries(expect))
      if (typeof value === 'object' && value !== null)
        tell(
          `${path}.health[${index}].expect.${at}`,
          'is a list or a map, expected a text, number, true, false or null',
        );
  const ids = raw.checklist.map(({ id }) => id);
  for (const [index, id] of ids.entries())
    if (ids.indexOf(id) < index) tell(`${path}.checklist[${index}].id`, `'${id}' is there twice`);
  const unknown = /\{(?!(?:date|time|environment|commit)\})[^}]*\}?/.exec(raw.rollback?.tag ?? '')?.[0];
  if (unknown) tell(`${path}.rollback.tag`, `holds ${unknown}; known are {date}, {time}, {environment} and {commit}`);
}

function checkSetting(raw: RawSetting, path: string, tell: Tell): void {
  if ((raw.file === undefined) === (raw.files === undefined)) tell(path, "needs either 'file' or 'files'");
  if ((raw.at === undefined) === (raw.pattern === undefined)) tell(path, "needs either 'at' or 'pattern'");
  if (raw.at !== undefined && raw.file !== undefined && isUnstructured(raw.file))
    tell(`${path}.at`, `looks into YAML, JSON and TOML, and ${raw.file} is none of them; pin it by 'pattern'`);
  if ((raw.equals === undefined) !== raw.absent) tell(path, "needs either 'equals' or 'absent: true'");
}
