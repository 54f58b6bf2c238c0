import type { Repository } from '../git/repository.ts';
import { readAddedApprovals, readStanding } from './evidence.ts';
import type { Line } from './line.ts';
import { spendings } from './spending.ts';
import { type Approval, approvalsFolder } from './statement.ts';

/** An approval in the history of a line. */
export interface Brought {
  readonly approval: Approval;
  /** Where its file came, and where it went again. */
  readonly landed: number;
  readonly dropped: number;
  /** From which place on it is spent; and by a commit that is not of the line itself. */
  readonly spent: number;
  readonly spentAside: number;
}

const never = Number.POSITIVE_INFINITY;

/**
 * The approvals that a line of steps brings, and those that its base holds, the oldest first.
 * @throws Undecided when an object is missing, or the history is cut off
 */
export async function broughtBy(repository: Repository, line: Line): Promise<Brought[]> {
  const steps = line.places.flatMap((place) => place.steps.filter(({ path }) => path.startsWith(approvalsFolder)));
  const added: Approval[] = [];
  // One by one: what is bounded is what one change adds.
  for (const step of steps) added.push(...(await readAddedApprovals(repository, [step], null)));
  const standing = await readStanding(repository, line.base);
  const approvals = [...new Map([...standing, ...added].map((one) => [one.name, one])).values()];
  if (approvals.length === 0) return [];
  const own = new Set(line.places.map(({ commit }) => commit));
  const spent = await spendings(repository, [line.commitAt(line.length)], approvals, {
    placeOf: await line.placeOf(repository),
    isOwn: (commit) => own.has(commit),
  });
  const brought = approvals.map((approval) => {
    const { first = null, places = [], states = [] } = line.courses.get(approvalsFolder + approval.name) ?? {};
    const came = first === null ? states.findIndex((state) => state !== null) : -1;
    const landed = came < 0 ? 0 : places[came]!;
    const went = states.findIndex((state, at) => state === null && places[at]! > landed);
    const { first: any = never, aside = never } = spent.get(approval.name) ?? {};
    return { approval, landed, dropped: went < 0 ? never : places[went]!, spent: any, spentAside: aside };
  });
  return brought.sort((a, b) => a.approval.statement.issuedAt.getTime() - b.approval.statement.issuedAt.getTime());
}
