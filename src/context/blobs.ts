/** How the contents of blobs are read. */

import { lstatSync } from 'node:fs';
import { missing } from '../git/missing.ts';
import type { Repository } from '../git/repository.ts';
import type { Brought, BytePath, Change, Content, Oid, State } from '../model/index.ts';

/** Bytes: a larger blob is not read. */
const largest = 1 << 20;
/** Blobs that are kept for the next check, and their bytes. */
const kept = { blobs: 4096, bytes: 32 << 20 };
/** @throws Undecided when it is missing or larger than `max` bytes */
export async function readBlob(repository: Repository, oid: Oid, max: number): Promise<Buffer> {
  const blob = await repository.objects.read(oid, max);
  if (blob?.type !== 'blob') throw missing(oid);
  return blob.content;
}

/** So few are asked for one by one, and kept for other checks. */
const few = 64;

/** The contents of many, in their order. */
export async function* each(
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
export async function isLargeInWorktree(
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

/** Reads contents, each once for all who ask. */
export function reader(
  repository: Repository,
  isLarge: (oid: Oid) => Promise<boolean>,
): (oid: Oid) => Promise<Content> {
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
      ({ bytes, raw }) => known.get(oid) === content && keep(oid, (bytes ?? raw)?.length ?? 0),
      () => undefined, // Whoever asked for it gets the error.
    );
    return content;
  };
}

async function readContent({ objects }: Repository, oid: Oid, isLarge: boolean): Promise<Content> {
  const size = isLarge ? ((await objects.info(oid))?.size ?? 0) : 0;
  if (size > largest) return { bytes: null, raw: null, left: 'large', size };
  return asContent(await objects.readUpTo(oid, largest), oid);
}

function asContent(blob: Awaited<ReturnType<Repository['objects']['readUpTo']>>, oid: Oid): Content {
  if (blob?.type !== 'blob') throw missing(oid);
  const { content, size } = blob;
  if (content === null) return { bytes: null, raw: null, left: 'large', size };
  const bytes = asUtf8(content);
  return bytes === null ? { bytes, raw: content, left: 'binary', size } : { bytes, raw: null, left: null, size };
}

/** The first bytes of a blob of any size. Of a large one no more is read. @throws Undecided when it is missing */
export async function beginning(repository: Repository, oid: Oid, bytes: number): Promise<Buffer> {
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

/**
 * Text as UTF-8: UTF-16 and UTF-32 by their byte order mark, or by the zeros that they make of ASCII; null for what is no
 * text, as Git tells it.
 */
function asUtf8(content: Buffer): Buffer | null {
  const marks: readonly (readonly [readonly number[], Encoding])[] = [
    [[0xff, 0xfe, 0, 0], 'utf32le'],
    [[0, 0, 0xfe, 0xff], 'utf32be'],
    [[0xff, 0xfe], 'utf16le'],
    [[0xfe, 0xff], 'utf16be'],
  ];
  for (const [mark, encoding] of marks)
    if (mark.every((byte, index) => content[index] === byte)) return decoded(content.subarray(mark.length), encoding);
  const start = content.subarray(0, 8000);
  if (!start.includes(0)) return content;
  const encoding = unmarked(start);
  return encoding === null ? null : decoded(content, encoding);
}

type Encoding = 'utf16le' | 'utf16be' | 'utf32le' | 'utf32be';

/** Where most characters are ASCII, zeros stand in the same places of nearly every unit, and nowhere else. */
function unmarked(start: Buffer): Encoding | null {
  const zeros = [0, 0, 0, 0];
  for (const [index, byte] of start.entries()) if (byte === 0) zeros[index % 4]!++;
  const units = Math.floor(start.length / 4);
  if (units < 2) return null;
  const [a, b, c, d] = zeros.map((count) => count > units * 0.9);
  const none = zeros.map((count) => count === 0);
  if (none[0] && b && c && d) return 'utf32le';
  if (a && b && c && none[3]) return 'utf32be';
  if (none[0] && b && none[2] && d) return 'utf16le';
  return a && none[1] && c && none[3] ? 'utf16be' : null;
}

function decoded(content: Buffer, encoding: Encoding): Buffer {
  const unit = encoding.startsWith('utf16') ? 2 : 4;
  const whole = content.subarray(0, content.length - (content.length % unit));
  if (encoding === 'utf16le') return Buffer.from(whole.toString('utf16le'));
  if (encoding === 'utf16be') return Buffer.from(Buffer.from(whole).swap16().toString('utf16le'));
  const point = (at: number) => (encoding === 'utf32le' ? whole.readUInt32LE(at) : whole.readUInt32BE(at));
  const points = Array.from({ length: whole.length / 4 }, (_, index) => point(index * 4));
  return Buffer.from(points.map((code) => String.fromCodePoint(code > 0x10ffff ? 0xfffd : code)).join(''));
}
