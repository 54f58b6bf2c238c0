import { lstatSync } from 'node:fs';
import { fanOut } from '../git/fan-out.ts';
import { missing } from '../git/missing.ts';
import type { Repository } from '../git/repository.ts';
import type {
  Brought,
  BytePath,
  Change,
  Commit,
  Content,
  Contents,
  History,
  Oid,
  State,
  Step,
} from '../model/index.ts';
import { once } from './once.ts';

/** Bytes: a larger blob is not read. */
const largest = 1 << 20;
/** Blobs that are kept for the next check, and their bytes. */
const kept = { blobs: 4096, bytes: 32 << 20 };
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

async function readBlob(repository: Repository, oid: Oid, max: number): Promise<Buffer> {
  const blob = await repository.objects.read(oid, max);
  if (blob?.type !== 'blob') throw missing(oid);
  return blob.content;
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
  const first = walk.next();
  first.catch(() => undefined); // It is thrown where it is waited for.
  let asked = false;
  const next = () => {
    if (asked) return walk.next();
    asked = true;
    return first;
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

/** So few are asked for one by one, and kept for other checks. */
const few = 64;

async function* each(
  group: readonly Brought[],
  read: (oid: Oid) => Promise<Content>,
  { objects }: Repository,
): AsyncIterable<readonly [Brought, Content]> {
  if (group.length <= few) {
    const contents = await Promise.all(group.map(({ oid }) => read(oid)));
    for (const [index, one] of group.entries()) yield [one, contents[index]!];
    return;
  }
  let at = 0;
  const found = objects.each(
    group.map(({ oid }) => oid),
    largest,
  );
  for await (const blob of found) {
    const one = group[at++]!;
    yield [one, asContent(blob, one.oid)];
  }
}

/**
 * Does the working tree hold a large file where this blob is staged? Then its size is asked for before it is read: to
 * read past a file of 300 MB takes longer than all else. Only a hint, on which nothing else depends.
 */
async function isLargeInWorktree(
  repository: Repository,
  { kind }: Change,
  moved: () => Promise<ReadonlyMap<BytePath, State | null>>,
  oid: Oid,
): Promise<boolean> {
  const { topLevel } = await repository.layout();
  if (kind !== 'commit' || topLevel === null) return false;
  const steps = await moved();
  if (steps.size > few) return false;
  const path = [...steps].find(([, to]) => to?.oid === oid)?.[0];
  if (path === undefined) return false;
  try {
    return lstatSync(Buffer.concat([Buffer.from(`${topLevel}/`), Buffer.from(path, 'latin1')])).size > largest;
  } catch {
    return false; // It need not be there.
  }
}

function reader(repository: Repository, isLarge: (oid: Oid) => Promise<boolean>): (oid: Oid) => Promise<Content> {
  const known = new Map<Oid, Promise<Content>>();
  const sizes = new Map<Oid, number>();
  let held = 0;
  const keep = (oid: Oid, bytes: number) => {
    sizes.set(oid, bytes);
    held += bytes;
    for (const oldest of known.keys()) {
      if (known.size <= kept.blobs && held <= kept.bytes) return;
      known.delete(oldest);
      held -= sizes.get(oldest) ?? 0;
      sizes.delete(oldest);
    }
  };
  return (oid) => {
    const before = known.get(oid);
    if (before) return before;
    const content = isLarge(oid).then((large) => readContent(repository, oid, large));
    known.set(oid, content);
    content.then(
      ({ bytes }) => known.get(oid) === content && keep(oid, bytes?.length ?? 0),
      () => undefined, // Whoever asked for it gets the error.
    );
    return content;
  };
}

async function readContent({ objects }: Repository, oid: Oid, isLarge: boolean): Promise<Content> {
  const size = isLarge ? ((await objects.info(oid))?.size ?? 0) : 0;
  if (size > largest) return { bytes: null, left: 'large', size };
  return asContent(await objects.readUpTo(oid, largest), oid);
}

function asContent(blob: Awaited<ReturnType<Repository['objects']['readUpTo']>>, oid: Oid): Content {
  if (blob?.type !== 'blob') throw missing(oid);
  const { content, size } = blob;
  if (content === null) return { bytes: null, left: 'large', size };
  const bytes = asUtf8(content);
  return bytes === null ? { bytes, left: 'binary', size } : { bytes, left: null, size };
}

/** The first bytes of a blob of any size. Of a large one no more is read. @throws Undecided when it is missing */
async function beginning(repository: Repository, oid: Oid, bytes: number): Promise<Buffer> {
  const info = await repository.objects.info(oid);
  if (!info) throw missing(oid);
  if (info.size <= largest) return (await repository.objects.read(oid, largest))!.content.subarray(0, bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of repository.stream(['cat-file', 'blob', oid])) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}

/** Text as UTF-8: UTF-16 by its byte order mark; null for what is no text, as Git tells it. */
function asUtf8(content: Buffer): Buffer | null {
  const [first, second] = content;
  if (first === 0xff && second === 0xfe) return Buffer.from(content.toString('utf16le', 2));
  if (first === 0xfe && second === 0xff)
    return Buffer.from(
      Buffer.from(content.subarray(2, content.length & ~1))
        .swap16()
        .toString('utf16le'),
    );
  return content.subarray(0, 8000).includes(0) ? null : content;
}
