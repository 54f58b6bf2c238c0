import { createHash } from 'node:crypto';
import type { Audit, AuditChange, AuditStep } from '../../src/audit/facts.ts';

const people = ['Anna Berg', 'Ben Okafor', 'Carla Nunes', 'Daniel Weiß', 'Éva Szabó'].map((name) => ({
  name,
  email: `${name.split(' ')[0]!.toLowerCase()}@example.com`,
}));
const subjects = [
  'feat(shop): remember the basket between visits',
  'fix: round prices the way the tax office does',
  'chore: update the build image',
  'feat(api): page through long lists of orders',
  'refactor: one place for the addresses of mails',
  'docs: how to restore a backup',
  'test: what happens when a card is refused',
];
/** A day of the story; none of it depends on today. */
const start = Date.UTC(2026, 3, 6, 8);
const hour = 36e5;

const id = (at: number) => createHash('sha1').update(`step ${at}`).digest('hex');

/** An audit of so many steps, with something of everything, the same each time. */
export function factsOf(amount: number, more: Partial<Audit> = {}): Audit {
  const population = Array.from({ length: amount }, (_, at) => step(at, amount));
  const changes = population.flatMap((one, at) => changesOf(one, at));
  const verdictOf = new Map(changes.map(({ commit, verdict }) => [commit, verdict]));
  const first = population[0]!;
  return {
    version: 1,
    branch: 'main',
    ref: 'refs/remotes/origin/main',
    from: null,
    to: population.at(-1)!.commit,
    at: '2026-11-20T09:30:00.000Z',
    tool: '0.2.0',
    steps: amount,
    population: population.map((one) => ({ ...one, verdict: verdictOf.get(one.commit) ?? null })),
    changes,
    policy: [
      {
        commit: first.commit,
        date: first.date,
        author: first.author,
        verdict: null,
        says: ['protection begins: 2 owners (anna, ben), 3 rules with 5 patterns of protected files, 1 listed branch'],
        weaker: [],
      },
      {
        commit: population[Math.floor(amount / 2)]!.commit,
        date: population[Math.floor(amount / 2)]!.date,
        author: people[1]!,
        verdict: 'approved',
        says: ['drizzle/ is protected, risk high, by anna or ben', 'config/app.json is no longer protected'],
        weaker: ['config/app.json is no longer protected'],
      },
    ],
    tags: [
      {
        name: 'v20260811-0930',
        commit: population[Math.floor(amount * 0.6)]!.commit,
        date: population[Math.floor(amount * 0.6)]!.date,
        tagger: people[0]!,
        landed: true,
        waivers: [
          {
            environment: 'production',
            checks: ['coverage'],
            approver: 'anna',
            reason: 'the report of the runner is broken, tests are green',
            issuedAt: '2026-08-11T07:10:00Z',
            expiresAt: '2026-08-11T11:10:00Z',
            valid: true,
          },
        ],
      },
    ],
    lapses: [],
    unknown: [
      'who pushed, and when: dates and names are what the commits claim, and only the log of a server knows better',
      'tags that were deleted, pushes that were replaced by force, and what was done on the host itself',
    ],
    received: null,
    after: null,
    ...more,
  };
}

function step(at: number, amount: number): AuditStep {
  // Weeks are not alike, and nobody works evenly.
  const moment = start + (at / amount) * 220 * 24 * hour + ((at * 7919) % 90) * hour * 0.5;
  const author = people[(at * 3 + (at % 7)) % people.length]!;
  return {
    commit: id(at),
    date: new Date(Math.round(moment / 1000) * 1000).toISOString(),
    author,
    committer: author,
    subject: subjects[(at * 5) % subjects.length]!,
    merge: at % 6 === 0,
    paths: 1 + (at % 9),
    verdict: null,
    agent: at % 13 === 5 ? 'claude' : null,
    received: null,
  };
}

function changesOf({ commit, date, author, committer }: AuditStep, at: number): AuditChange[] {
  if (at % 4 !== 3) return [];
  const isMany = at % 20 === 7;
  const paths = isMany
    ? ['server/payment/fees.ts', 'server/payment/refunds.ts']
    : [['server/guardrails.ts', 'config/app.json', 'drizzle/0042_orders.sql'][at % 3]!];
  const verdict =
    at % 40 === 11 ? 'uncovered' : at % 40 === 19 ? 'afterwards' : at % 120 === 27 ? 'unknown' : 'approved';
  const takenBack = at % 80 === 11 + 40;
  const approved = verdict === 'approved' || verdict === 'afterwards';
  return paths.map((path) => ({
    commit,
    date,
    author,
    committer,
    path,
    from: `100644 ${id(at * 2)}`,
    to: `100644 ${id(at * 2 + 1)}`,
    rule: isMany ? 'server/payment/' : path,
    risk: path.startsWith('server/') ? 'critical' : 'high',
    verdict,
    why: approved
      ? null
      : verdict === 'unknown'
        ? 'the object 5e1c… is missing'
        : takenBack
          ? 'changed without approval, and taken back since'
          : 'changed without approval',
    takenBack: verdict === 'uncovered' && takenBack,
    approvals: approved
      ? [
          {
            file: `.protect/approvals/20260811-${id(at).slice(0, 16)}.approval`,
            approver: author.name.startsWith('Anna') ? 'ben' : 'anna',
            key: 'SHA256:ore6Y7GbSXyh7gihZCk/FC9UgXyqJXNTOLrTc0ei76A',
            issuedAt: date.replace(/\.\d+Z$/, 'Z'),
            reason: 'the fee of the new provider, as agreed in the review',
            hours: verdict === 'afterwards' ? -18.5 : 2.4,
            other: at % 3 === 0 ? 'unknown' : 'yes',
          },
        ]
      : [],
  }));
}
