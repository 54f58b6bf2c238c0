/** What a host has beside what is wanted of it. */
export interface Compared {
  /** Where it asks for less, a sentence each. */
  readonly differences: readonly string[];
  /** What its answer does not tell. */
  readonly untold: readonly string[];
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Record_ = { readonly [key: string]: Json };

/**
 * Compares rulesets with what `gh api repos/OWNER/REPO/rulesets/ID` returned, one or a list. Ids, dates and what the host adds of
 * its own do not count; a rule that is there besides asks for more.
 */
export function compareGithub(wanted: readonly object[], found: unknown): Compared {
  const there = (Array.isArray(found) ? found : [found]).filter(isRecord);
  const differences: string[] = [];
  const untold: string[] = [];
  for (const one of wanted as readonly Record_[]) {
    const name = String(one['name']);
    const same = there.find((other) => other['name'] === name);
    if (!same) {
      differences.push(`there is no ruleset '${name}'`);
      continue;
    }
    if (same['rules'] === undefined)
      untold.push(`'${name}' was read from a list, which leaves its rules out: gh api repos/OWNER/REPO/rulesets/ID`);
    if (same['bypass_actors'] === undefined)
      untold.push(`who may bypass '${name}' is shown only to those who may change it`);
    for (const key of ['target', 'enforcement', 'bypass_actors', 'conditions'])
      if (same[key] !== undefined && !equal(one[key]!, same[key]))
        differences.push(`'${name}': ${key} is ${plain(same[key])}, wanted ${plain(one[key]!)}`);
    if (Array.isArray(same['rules']))
      differences.push(...ruleDifferences(name, one['rules'] as readonly Record_[], same['rules']));
  }
  return { differences, untold };
}

function ruleDifferences(name: string, wanted: readonly Record_[], found: readonly Json[]): string[] {
  return wanted.flatMap((rule) => {
    const same = found.filter(isRecord).filter(({ type }) => type === rule['type']);
    if (same.length === 0) return [`'${name}': the rule ${String(rule['type'])} is gone`];
    const parameters = (rule['parameters'] ?? {}) as Record_;
    return Object.entries(parameters).flatMap(([key, value]) => {
      const there = same.map((one) => (isRecord(one['parameters']) ? one['parameters'][key] : undefined));
      if (there.some((one) => one !== undefined && equal(value, one))) return [];
      return [`'${name}': ${String(rule['type'])}.${key} is ${plain(there[0] ?? null)}, wanted ${plain(value)}`];
    });
  });
}

/** Compares with what `GET /projects/:id/protected_branches` returned. */
export function compareGitlab(wanted: { readonly protected_branches: readonly object[] }, found: unknown): Compared {
  if (!Array.isArray(found))
    return { differences: [], untold: ['a list is expected, of GET /projects/:id/protected_branches'] };
  const there = found.filter(isRecord);
  const differences = (wanted.protected_branches as readonly Record_[]).flatMap((one) => {
    const same = there.find((other) => other['name'] === one['name']);
    if (!same) return [`${plain(one['name']!)} is not protected`];
    const most = Math.max(...levels(one['allowed_to_push']));
    const who = levels(same['push_access_levels']);
    return [
      ...(who.some((level) => level !== 0 && (most === 0 || level < most)) || who.length === 0
        ? [`${plain(one['name']!)}: more may push than ${most === 0 ? 'nobody' : `level ${most}`}`]
        : []),
      ...(one['allow_force_push'] === false && same['allow_force_push'] !== false
        ? [`${plain(one['name']!)}: force pushes are allowed`]
        : []),
    ];
  });
  return { differences, untold: [] };
}

/** A user or group that may push is as good as the lowest level. */
function levels(value: Json | undefined): number[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter(isRecord)
    .map((one) =>
      typeof one['access_level'] === 'number' && one['user_id'] == null && one['group_id'] == null
        ? one['access_level']
        : 1,
    );
}

function isRecord(value: unknown): value is Record_ {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists have no order of their own here. */
function equal(a: Json, b: Json): boolean {
  return plain(a) === plain(b);
}

function plain(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
