import { missing } from '../git/missing.ts';
import { rawArguments } from '../git/process.ts';
import { parseFields } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { type BytePath, type Change, type Oid, policyNames, type Step, Undecided } from '../model/index.ts';
import { range } from './ref-update.ts';

/** What an owner can say where nobody else can know. */
const upToHelp = 'npx git-protect approve --up-to REV --reason "…"  # an owner stands by all up to there';

/** One step of a branch: what a commit changed of the one before it in the line. */
export interface LandedStep {
  readonly commit: Oid;
  readonly parent: Oid | null;
  /** When it was committed. */
  readonly date: Date;
  /**
   * Of a merge: another side that alone changed the policy since they parted. Which of the two was the branch nobody can say, so
   * the merge has to hold as a step of that side as well.
   */
  readonly aside: Oid | null;
  readonly steps: readonly Step[];
}

/**
 * The steps of a branch since a commit, oldest first. They lead from that commit to the head along the first parents; where the
 * first does not have the commit behind it, along the one that has.
 * @throws Undecided when Git fails, or the two share no history
 */
export async function landedSteps(repository: Repository, base: Oid, head: Oid): Promise<LandedStep[]> {
  const start = await repository.mergeBase(base, head);
  if (start === null) throw new Undecided(`${base.slice(0, 12)} and ${head.slice(0, 12)} share no history`, upToHelp);
  const line = await lineFrom(repository, start, head);
  // The newest first: that is how Git keeps them, so that older ones need not be put together twice.
  const pairs = line.map(({ commit, parent }) => `${commit} ${parent}\n`).reverse();
  const { stdout } = await repository.run(['diff-tree', '--stdin', '--always', '-r', ...rawArguments], {
    input: pairs.join(''),
  });
  const changed = readPairs(stdout);
  return line.map((place) => {
    const steps = changed.get(place.commit);
    if (!steps) throw new Undecided('git diff-tree left out a commit');
    return { ...place, steps };
  });
}

/** The commits on the way from one to another, oldest first, each with the one before it. */
async function lineFrom(repository: Repository, start: Oid, head: Oid): Promise<Omit<LandedStep, 'steps'>[]> {
  const args = ['log', '--ancestry-path', '--format=%H %ct %P', head, `^${start}`, '--'];
  const listed = start === head ? '' : await repository.text(args);
  const found = new Map(
    listed.split('\n').map((text) => {
      const [commit, date, ...parents] = text.split(' ') as [Oid, string, ...Oid[]];
      return [commit, { date: new Date(Number(date) * 1000), parents }] as const;
    }),
  );
  const line: Omit<LandedStep, 'steps'>[] = [];
  for (let commit = head; commit !== start; ) {
    const parents: readonly Oid[] = found.get(commit)?.parents ?? [];
    const [parent, ...others] = parents.filter((one) => one === start || found.has(one));
    if (parent === undefined) throw new Undecided('git log left out a commit');
    const aside = others.length === 0 ? null : await asideOf(repository, parent, others);
    line.push({ commit, parent, aside, date: found.get(commit)!.date });
    commit = parent;
  }
  return line.reverse();
}

/** The side of a merge that alone changed the policy since it and the first parted; null: none did. */
async function asideOf(repository: Repository, first: Oid, others: readonly Oid[]): Promise<Oid | null> {
  for (const other of others) {
    const policy = await policyAt(repository, first);
    if ((await policyAt(repository, other)) === policy) continue;
    const parted = await repository.mergeBase(first, other);
    if (parted !== null && (await policyAt(repository, parted)) === policy) return other;
  }
  return null;
}

/** The policy files of a commit, in a form to compare. @throws Undecided when it is missing */
async function policyAt(repository: Repository, commit: Oid): Promise<string> {
  const tree = await repository.tree(`${commit}^{tree}`);
  if (!tree) throw missing(commit);
  const files = tree.entries.filter(({ name }) => isPolicy(name));
  return files.map(({ name, mode, oid }) => `${mode} ${oid} ${name}`).join('\n');
}

/** What `diff-tree --stdin` says: each commit, then what it changed. */
function readPairs(output: Buffer): Map<Oid, Step[]> {
  const fields = output.toString('latin1').split('\0').slice(0, -1);
  const changed = new Map<Oid, Step[]>();
  for (let at = 0; at < fields.length; ) {
    const commit = fields[at++]!;
    const from = at;
    while (fields[at]?.startsWith(':')) at += 2;
    changed.set(commit, parseFields(fields.slice(from, at)));
  }
  return changed;
}

const isPolicy = (path: BytePath) => (policyNames as readonly string[]).includes(path.split('/')[0]!);

interface Ends {
  readonly base: Oid | null;
  readonly head: Oid;
  /** Where they are known already. */
  readonly steps?: readonly Step[];
  readonly defaultTip?: Oid | null;
}

/** What a branch gained between two commits, as a change of it. */
export async function landedChange(
  repository: Repository,
  branch: string,
  { base, head, steps, defaultTip = null }: Ends,
): Promise<Change> {
  const tree = (await repository.objects.info(`${head}^{tree}`))?.oid;
  if (!tree) throw missing(head);
  return {
    ref: `refs/heads/${branch}`,
    kind: 'update',
    protected: true,
    trusted: false,
    target: branch,
    base,
    head,
    old: base,
    next: head,
    tips: [],
    defaultTip,
    title: null,
    tree: async () => tree,
    ...range(repository, { base, head, tree: async () => tree, known: [], states: false }),
    ...(steps ? { steps: async () => steps } : {}),
  };
}

/**
 * Where the policy began: the commit that everything which holds one has behind it; null when none does.
 * @throws Undecided when it began in several places that know nothing of each other: which was the branch's nobody can say
 */
export async function policyBegan(repository: Repository, head: Oid): Promise<Oid | null> {
  const { topLevel } = await repository.layout();
  const form = ['--full-history', '-m', '--diff-filter=A', '--no-renames', '--topo-order', '--reverse', '--format=%H'];
  const added = await repository.text(
    ['log', ...form, head, '--', ...policyNames],
    topLevel === null ? {} : { cwd: topLevel },
  );
  if (added === '') return null;
  const [first, ...more] = new Set(added.split('\n'));
  if (more.length === 0) return first!;
  const after = await repository.text(['rev-list', '--ancestry-path', head, `^${first}`]);
  const known = new Set(after.split('\n'));
  const other = more.find((commit) => !known.has(commit));
  if (other !== undefined)
    throw new Undecided(
      `the policy began in more than one place: ${first!.slice(0, 12)}, ${other.slice(0, 12)}`,
      upToHelp,
    );
  return first!;
}

/** The oldest commit along the first parents that holds a policy with none missing after it; null: the head holds none. */
export async function policyHeldSince(repository: Repository, head: Oid): Promise<Oid | null> {
  const listed = await repository.text(['rev-list', '--first-parent', head]);
  let since: Oid | null = null;
  for (const commit of listed.split('\n')) {
    if ((await policyAt(repository, commit)) === '') break;
    since = commit;
  }
  return since;
}
