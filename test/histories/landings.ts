import { behind, type Node, newestCommon } from './model.ts';
import { allPaths } from './signed.ts';

/** How a topic lands on a branch. */
export type Landing = 'forward' | 'merge' | 'squash' | 'foxtrot' | 'rebase';

type Result = Pick<Node, 'files' | 'held'>;
type Add = (parents: readonly Node[], result: Result) => Node;

export interface Landed {
  readonly after: Node;
  /** What the host makes on the way, the last of them included. */
  readonly states: readonly Node[];
}

/** Lands a topic as the host does it. @returns null where there is nothing to land, or it would be a conflict */
export function land(way: Landing, { tip, at, from }: Record<'tip' | 'at' | 'from', Node>, add: Add): Landed | null {
  if (behind(tip).has(at)) return null;
  const isAhead = behind(at).has(tip);
  if (way === 'rebase') return rebase(tip, at, from, add);
  if (way === 'forward' && isAhead) return alone(at);
  const base = isAhead ? tip : newestCommon(tip, at);
  const result = isAhead ? at : merged(tip, at, base);
  if (way === 'squash') return conflicts(tip, at, base) ? null : alone(add([tip], result));
  return alone(add(way === 'foxtrot' ? [at, tip] : [tip, at], result));
}

const alone = (after: Node): Landed => ({ after, states: [after] });

/** Both sides moved a path, each to another state; or both removed an approval, which Git takes for renamed on one of them. */
const conflicts = (ours: Node, theirs: Node, { files, held }: Node) =>
  [...held].some((name) => !ours.held.has(name) && !theirs.held.has(name)) ||
  allPaths.some(
    (path) =>
      ours.files[path] !== files[path] && theirs.files[path] !== files[path] && ours.files[path] !== theirs.files[path],
  );

function merged(ours: Result, theirs: Result, base: Result): Result {
  const files = { ...ours.files };
  for (const path of allPaths) if (theirs.files[path] !== base.files[path]) files[path] = theirs.files[path];
  const gone = [...base.held].filter((name) => !theirs.held.has(name) || !ours.held.has(name));
  return { files, held: new Set([...ours.held, ...theirs.held].filter((name) => !gone.includes(name))) };
}

/** Replays a topic commit by commit, each as a merge of its own step. */
function rebase(tip: Node, at: Node, from: Node, add: Add): Landed | null {
  const topic: Node[] = [];
  for (let node = at; node !== from; node = node.parents[0]!) topic.unshift(node);
  if (from === tip) return { after: at, states: topic };
  let onto = tip;
  const states: Node[] = [];
  for (const commit of topic) {
    const [base] = commit.parents as [Node];
    if (conflicts(onto, commit, base)) return null;
    onto = add([onto], merged(onto, commit, base));
    states.push(onto);
  }
  return { after: onto, states };
}
