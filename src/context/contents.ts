import { fanOut } from '../git/fan-out.ts';
import { missing } from '../git/missing.ts';
import type { Repository } from '../git/repository.ts';
import type { Brought, BytePath, Change, Commit, Contents, History, Oid, State, Step } from '../model/index.ts';
import { beginning, each, isLargeInWorktree, readBlob, reader } from './blobs.ts';
import { once } from './once.ts';

/** States that are handed out, and read, at once. */
const atOnce = 2048;

/** What checks see of the contents of a change. Everything is read when first asked for, once. */
export function contentsOf(change: Change, repository: Repository, { takenOver }: History): Contents {
  const steps = once(async () => {
    const all = await change.steps();
    const over = await Promise.all(all.map(({ path, to }) => takenOver(path, to)));
    return all.filter((_, index) => !over[index]);
  });
  const moved = once(async () => new Map((await change.steps()).map((step) => [step.path, step.to])));
  const read = reader(repository, (oid) => isLargeInWorktree(repository, change, moved, oid));
  return {
    newSteps: steps,
    brought: fanOut(() => inGroups(brought(change, steps))),
    async stateAt(path) {
      const steps = await moved();
      if (steps.has(path)) return steps.get(path) ?? null;
      return change.base === null ? null : repository.stateAt(change.base, path);
    },
    paths: once(() => resultPaths(repository, change, moved)),
    content: read,
    each: (group) => each(group, read, repository),
    beginning: (oid, bytes) => beginning(repository, oid, bytes),
    async size(oid) {
      const info = await repository.objects.info(oid);
      if (!info) throw missing(oid);
      return info.size;
    },
    blob: (oid, max) => readBlob(repository, oid, max),
    async blobUpTo(oid, max) {
      const size = (await repository.objects.info(oid))?.size ?? 0;
      return size > max ? null : readBlob(repository, oid, max);
    },
  };
}

async function* brought(change: Change, newSteps: () => Promise<readonly Step[]>): AsyncIterable<Brought> {
  // Others walk the history as well: whoever comes late would have Git walk it once more.
  const walk = change.kind === 'commit' ? null : startWalk(change);
  // What may stand at one path may not at another.
  const seen = new Set<string>();
  for (const step of await newSteps()) {
    const { path, to } = step;
    if (to === null || to.mode === '160000') continue;
    seen.add(to.oid + path);
    yield { path, oid: to.oid, commit: null, step };
  }
  if (walk === null) return;
  for await (const { id, paths, raw } of walk)
    for (const [index, path] of paths.entries()) {
      const oid = resultOf(raw[index]!);
      if (oid === null || seen.has(oid + path)) continue;
      // Memory stays flat however long the history is; what is forgotten is only read twice.
      if (seen.size > 20_000) seen.clear();
      seen.add(oid + path);
      yield { path, oid, commit: id, step: null };
    }
}

/** Asks for the first commit at once, and for the others when they are wanted. */
function startWalk(change: Change): AsyncIterable<Commit> {
  const walk = change.commits({ paths: true })[Symbol.asyncIterator]();
  // How it ended is kept, so that a failure is thrown where the commit is wanted and not before.
  const first = Promise.allSettled([walk.next()]);
  let asked = false;
  const next = async () => {
    if (asked) return walk.next();
    asked = true;
    const [ended] = await first;
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      return: async () => (await walk.return?.()) ?? { done: true, value: undefined },
    }),
  };
}

async function* inGroups(all: AsyncIterable<Brought>): AsyncIterable<readonly Brought[]> {
  let group: Brought[] = [];
  for await (const one of all) {
    group.push(one);
    if (group.length < atOnce) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The blob that an entry of `git log --raw -c` leads to; null where it leads to none. */
function resultOf(entry: string): Oid | null {
  const fields = entry.replace(/^\n?:+/, '').split(' ');
  const ends = (fields.length - 1) / 2;
  const [mode, oid] = [fields[ends - 1], fields.at(-2)!];
  return mode === '160000' || /^0+$/.test(oid) ? null : oid;
}

async function resultPaths(
  repository: Repository,
  change: Change,
  moved: () => Promise<ReadonlyMap<BytePath, State | null>>,
): Promise<readonly BytePath[]> {
  const paths = new Set<BytePath>();
  if (change.base !== null) {
    const { stdout } = await repository.run(['ls-tree', '-r', '-z', '--name-only', '--full-tree', change.base]);
    for (const path of stdout.toString('latin1').split('\0')) if (path !== '') paths.add(path);
  }
  for (const [path, to] of await moved())
    if (to === null) paths.delete(path);
    else paths.add(path);
  return [...paths].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
