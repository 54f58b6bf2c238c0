import { createHash } from 'node:crypto';
import type { AuditApproval, AuditChange, AuditPolicy, AuditStep, AuditTag, Person } from '../../src/audit/facts.ts';

/** Who takes part; the helper is an AI agent, which has no clone of its own. */
export const people = {
  anna: { name: 'Anna Berg', email: 'anna@example.com' },
  ben: { name: 'Ben Okafor', email: 'ben@example.com' },
  carl: { name: 'Carl Nunes', email: 'carl@example.com' },
  dana: { name: 'Dana Weiß', email: 'dana@example.com' },
  helper: { name: 'Helper', email: 'helper@example.com' },
} as const;
export type Name = keyof typeof people;

/** What the policy of the week protects, the policy itself among it: path or folder, risk, and how the rule is called. */
const rules = [
  ['.protectionrc', 'high', 'the policy itself'],
  ['.protect/freezes/', 'high', 'the policy itself'],
  ['server/pay.ts', 'critical'],
  ['config/', 'high'],
  ['db/migrations/', 'high'],
] as const;

/** A commit as the script made it. */
export interface Made {
  readonly commit: string;
  readonly at: string;
  readonly by: Name;
  readonly subject: string;
  readonly agent: string | null;
  readonly merge: boolean;
  /** What it moved: the contents of files; null: it is gone. Of an approval the content does not matter. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Who wrote what is protected in it. */
  readonly writer: Name;
  readonly covers: readonly Cover[];
}

/** An approval that was signed. */
export type Cover = Omit<AuditApproval, 'hours' | 'other'>;

/** A push to the server, as its log has to tell it. */
export interface Pushed {
  readonly by: Name;
  readonly verdict: 'pass' | 'refuse';
  /** The checks that found something, be it only a warning. */
  readonly findings: readonly string[];
  readonly refs: readonly { ref: string; old: string | null; new: string }[];
}

/** What the script knows to have happened. */
export class Known {
  readonly population: AuditStep[] = [];
  readonly changes: AuditChange[] = [];
  readonly policy: AuditPolicy[] = [];
  readonly tags: AuditTag[] = [];
  readonly pushes: Pushed[] = [];
  /** The commits of steps that no push of the log brought. */
  readonly forced: string[] = [];
  readonly #states = new Map<string, string | null>();
  #began = false;

  /** Commits have landed, the oldest first. @param line of the log; null: they went past the hook */
  landed(made: readonly Made[], line: number | null): void {
    for (const one of made) {
      const changes = this.#began ? this.#changesOf(one, line) : [];
      this.changes.push(...changes);
      if (line === null) this.forced.push(one.commit);
      this.population.push({
        commit: one.commit,
        date: one.at,
        author: people[one.by],
        committer: { ...people[one.by] },
        subject: one.subject,
        merge: one.merge,
        paths: this.#began ? Object.keys(one.files).length : null,
        verdict: changes.some(({ verdict }) => verdict === 'uncovered') ? 'uncovered' : (changes[0]?.verdict ?? null),
        agent: one.agent,
        received: line === null ? null : { at: '', pusher: this.pushes[line - 1]!.by, line },
      });
      for (const [path, content] of Object.entries(one.files)) this.#states.set(path, stateOf(content));
      this.#began ||= '.protectionrc' in one.files;
    }
  }

  /** The policy has moved with the last step. */
  policyMoved(says: readonly string[], weaker: readonly string[]): void {
    const { commit, date, author, verdict } = this.population.at(-1)!;
    this.policy.push({ commit, date, author, verdict, says, weaker });
  }

  /** What landed uncovered has another verdict since. */
  since(commit: string, as: { covers: readonly Cover[] } | 'taken back'): void {
    for (const [index, one] of this.changes.entries()) {
      if (one.commit !== commit) continue;
      this.changes[index] =
        as === 'taken back'
          ? { ...one, takenBack: true, why: `${one.why}, and taken back since` }
          : { ...one, verdict: 'afterwards', why: null, approvals: told(as.covers, one.author, Date.parse(one.date)) };
    }
    if (as === 'taken back') return;
    const at = this.population.findIndex((step) => step.commit === commit);
    this.population[at] = { ...this.population[at]!, verdict: 'afterwards' };
  }

  #changesOf(one: Made, line: number | null): AuditChange[] {
    const paths = Object.keys(one.files).sort();
    // Anybody may freeze, and only an owner takes a freeze away.
    const isFree = (path: string) => path.startsWith('.protect/') && one.files[path] !== null;
    return paths.flatMap((path): AuditChange[] => {
      const rule = rules.find(([pattern]) => (pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern));
      if (!rule || isFree(path)) return [];
      if (one.covers.length === 0 && line !== null)
        throw new Error(`${path} went through the hook, covered by nothing`);
      return [
        {
          commit: one.commit,
          date: one.at,
          author: people[one.writer],
          committer: { ...people[one.by] },
          path,
          from: this.#states.get(path) ?? null,
          to: stateOf(one.files[path]!),
          rule: rule[2] ?? rule[0],
          risk: rule[1],
          verdict: one.covers.length > 0 ? 'approved' : 'uncovered',
          why: one.covers.length > 0 ? null : 'changed without approval',
          takenBack: false,
          approvals: told(one.covers, people[one.writer], 0),
        },
      ];
    });
  }
}

/**
 * What approvals say of a change by somebody.
 * @param landed when the commit claims to have landed, where no push says better; 0: one did, within minutes of the signature
 */
function told(covers: readonly Cover[], author: Person, landed: number): AuditApproval[] {
  const isOwner = author === people.anna || author === people.ben;
  return covers.map((cover) => {
    const isOwn = people[cover.approver as Name] === author;
    const hours = landed === 0 ? 0 : Math.round((landed - Date.parse(cover.issuedAt)) / 36e4) / 10;
    return { ...cover, hours, other: isOwn ? 'no' : isOwner ? 'yes' : 'unknown' };
  });
}

function stateOf(content: string | null): string | null {
  if (content === null) return null;
  const bytes = Buffer.from(content);
  return `100644 ${createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')}`;
}
