import { createHash } from 'node:crypto';
import type { Oid } from '../model/index.ts';
import type { AuditReceived, Receipt } from './facts.ts';

/** A push that passed, as the log of a server has it. */
interface Landing {
  readonly old: Oid | null;
  readonly next: Oid;
  readonly receipt: Receipt;
}

/** What the log says of one branch. */
export interface ReceivedLog extends AuditReceived {
  readonly landings: readonly Landing[];
}

/** The longest line that is read, in bytes. */
const maxLine = 1 << 20;
/** How many faults are told one by one. */
const most = 20;

/**
 * Reads the log that a server keeps of its pushes (docs/server.md). Each line names the one before it by its sha256; where that does
 * not hold, lines were changed, taken out or added, and it is said.
 */
export async function readReceived(pieces: AsyncIterable<Buffer>, ref: string): Promise<ReceivedLog> {
  const landings: Landing[] = [];
  const broken: string[] = [];
  let [lines, faults, before] = [0, 0, null as string | null];
  const fault = (text: string) => {
    faults++;
    if (broken.length < most) broken.push(text);
  };
  for await (const { bytes, ended } of linesOf(pieces)) {
    lines++;
    const entry = readEntry(bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (entry === null) {
      // One that a crash tore is closed by the next, which says so.
      if (ended) fault(`line ${lines} cannot be read`);
      else fault(`line ${lines} is torn, and nothing closes it`);
    } else {
      if (entry.torn && broken.at(-1) === `line ${lines - 1} cannot be read`) {
        broken.pop();
        faults--;
      }
      if (entry.previous !== before) fault(`line ${lines} does not follow from the one before it`);
      landings.push(...landingsIn(entry, ref, lines));
    }
    before = digest;
  }
  if (faults > broken.length) broken.push(`${faults - broken.length} more faults are not listed`);
  return { lines, broken, landings };
}

interface Entry {
  readonly at: string;
  readonly torn: boolean;
  readonly previous: string | null;
  readonly verdict: string;
  readonly pusher: Readonly<Record<string, unknown>>;
  readonly refs: readonly unknown[];
}

/** Null: it is not a line of such a log. */
function readEntry(bytes: Buffer): Entry | null {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof json !== 'object' || json === null) return null;
  const { at, torn, previous, verdict, pusher, refs } = json as Record<string, unknown>;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return null;
  if (previous !== null && typeof previous !== 'string') return null;
  return {
    at: new Date(at).toISOString(),
    torn: torn === true,
    previous,
    verdict: typeof verdict === 'string' ? verdict : '',
    pusher: typeof pusher === 'object' && pusher !== null ? (pusher as Record<string, unknown>) : {},
    refs: Array.isArray(refs) ? refs : [],
  };
}

function landingsIn({ verdict, refs, at, pusher }: Entry, wanted: string, line: number): Landing[] {
  if (verdict !== 'pass') return [];
  return refs.flatMap((one) => {
    const { ref, old, new: next } = (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>;
    if (ref !== wanted || typeof next !== 'string') return [];
    return [{ old: typeof old === 'string' ? old : null, next, receipt: { at, pusher: nameOf(pusher), line } }];
  });
}

/** What names a person best comes first: the host's own accounts, then the name of the login. */
const names = ['GL_USERNAME', 'GITEA_PUSHER_NAME', 'GITHUB_USER_LOGIN', 'REMOTE_USER', 'GL_ID', 'LOGNAME', 'USER'];

function nameOf(pusher: Readonly<Record<string, unknown>>): string {
  const known = [...names, ...Object.keys(pusher)].map((name) => pusher[name]);
  return known.find((value): value is string => typeof value === 'string' && value !== '') ?? 'unknown';
}

/**
 * Who brought each step: a push brought those between its old and its new tip. It counts only where its new tip is a step of the
 * branch, and the first that did counts.
 */
export function receiptsOf(log: ReceivedLog, commits: readonly Oid[]): ReadonlyMap<Oid, Receipt> {
  const places = new Map(commits.map((commit, index) => [commit, index]));
  const found = new Map<Oid, Receipt>();
  for (const { old, next, receipt } of log.landings) {
    const to = places.get(next);
    if (to === undefined) continue;
    const from = old === null ? -1 : places.get(old);
    // What a forced push replaced is no step of the branch: then its own tip alone is known.
    for (let index = (from ?? to - 1) + 1; index <= to; index++)
      if (!found.has(commits[index]!)) found.set(commits[index]!, receipt);
  }
  return found;
}

async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncIterable<{ bytes: Buffer; ended: boolean }> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    let from = 0;
    for (let feed = piece.indexOf(0x0a); feed !== -1; feed = piece.indexOf(0x0a, from)) {
      yield { bytes: Buffer.concat([...rest, piece.subarray(from, feed)]), ended: true };
      [rest, size, from] = [[], 0, feed + 1];
    }
    size += piece.length - from;
    if (size > maxLine) throw new RangeError(`a line of the log is longer than ${maxLine} bytes`);
    if (from < piece.length) rest.push(piece.subarray(from));
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), ended: false };
}
