import { type Letter, paths, project, type Signer, signer } from './signed.ts';

/** The policies of random histories: who owns, and how many owners each path needs. */
export interface Policy {
  /** Each owner with the one key that counts. */
  readonly owners: ReadonlyMap<string, Signer>;
  /** How many owners a path needs; a path without a rule is missing. */
  readonly required: ReadonlyMap<string, number>;
  readonly landing: 'merge' | 'squash' | 'rebase';
}

const known = new Map<Letter, Policy>();

/** Two keys of one name: one is replaced by the other. `stranger` calls himself lead, and no policy lists his key. */
export const [lead, lead2, second, third, stranger] = [
  signer('lead'),
  signer('lead'),
  signer('second'),
  signer('third'),
  signer('lead'),
];

/** Nobody can read it. */
export const invalid: Letter = 'version: 1\nwhat: is this\n';

/** The policy that a text says; null: it says none. */
export const policyOf = (text: Letter): Policy | null => known.get(text) ?? null;

/** Each policy has one text. */
export function textOf(policy: Policy): Letter {
  const owners = [...policy.owners].sort().map(([name, { line }]) => `  ${name}: { keys: ["${line}"] }`);
  const files = [...policy.required]
    .sort()
    .map(([path, required]) => `  - { paths: [${path}], risk: high, required: ${required} }`);
  const text = [
    'version: 1',
    `project: "${project}"`,
    'owners:',
    ...owners,
    'branches: { main: {}, release: {} }',
    'files:',
    ...files,
    `landing: ${policy.landing}`,
    'deploy: { production: { branch: main }, older: { branch: release } }',
    '',
  ].join('\n');
  if (!known.has(text)) known.set(text, policy);
  return text;
}

/** The policy that every history begins with: two owners, three guarded paths, one of which needs both. */
export const firstPolicy = (landing: Policy['landing']) =>
  textOf({
    owners: new Map([
      ['lead', lead],
      ['second', second],
    ]),
    required: new Map([
      ['server/a', 1],
      ['server/b', 1],
      ['server/c', 2],
    ]),
    landing,
  });

/** Another policy, one edit away. */
export function edited(text: Letter, pick: <T>(from: readonly T[]) => T): Letter {
  const policy = policyOf(text)!;
  const [owners, required] = [new Map(policy.owners), new Map(policy.required)];
  const path = pick(paths);
  switch (pick(['rule', 'rule', 'number', 'number', 'key', 'owner'] as const)) {
    case 'rule':
      if (required.has(path) && required.size > 1) required.delete(path);
      else required.set(path, pick([1, 2]));
      break;
    case 'number':
      for (const each of required.has(path) ? [path] : required.keys())
        required.set(each, required.get(each) === 1 ? 2 : 1);
      break;
    case 'key':
      owners.set('lead', owners.get('lead') === lead ? lead2 : lead);
      break;
    case 'owner':
      if (owners.size > 2) owners.delete(pick(['second', 'third']));
      else if (owners.has('third')) owners.set('second', second);
      else owners.set('third', third);
  }
  return textOf({ ...policy, owners, required });
}
