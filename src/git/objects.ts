import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Oid, Undecided } from '../model/index.ts';
import { gitSettings } from './environment.ts';

export interface GitObject {
  readonly oid: Oid;
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  readonly size: number;
}

export interface GitContent extends GitObject {
  readonly content: Buffer;
}

/** From so many at once a process of their own pays, which need not hand out each object by itself. */
const many = 100;

/** As a limit: the content is not wanted. */
const headerOnly = -1;

/** `content` is null where it is larger than was asked for. */
type Found = GitObject & { readonly content: Buffer | null };

interface Waiting {
  readonly name: string;
  readonly max: number;
  resolve(value: Found | null): void;
  reject(error: Error): void;
}

/**
 * One `git cat-file --batch` (or `--batch-check`) process that answers any number of questions in order.
 * @see https://git-scm.com/docs/git-cat-file#_batch_output
 */
class Batch {
  readonly #child: ChildProcess;
  readonly #withContent: boolean;
  readonly #apart: (waiting: readonly Waiting[]) => void;
  #queue: Waiting[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  /** How many at the end of the queue wait to be handed over together: a write for each would cost more than the answer. */
  #unasked = 0;
  #open: { object: GitObject; left: number; kept: Buffer[] } | null = null;
  #stopped: string | null = null;

  /** @param all what is asked, where that is known beforehand; else it goes on until it is closed */
  constructor(cwd: string, env: NodeJS.ProcessEnv, withContent: boolean, all: readonly Waiting[] | null = null) {
    this.#withContent = withContent;
    this.#apart = (waiting) => new Batch(cwd, env, withContent, waiting);
    const mode = [withContent ? '--batch' : '--batch-check', ...(all ? ['--buffer'] : [])];
    this.#child = spawn('git', [...gitSettings, 'cat-file', ...mode], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString();
    });
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stdin!.on('error', () => this.#fail(`git cat-file stopped: ${stderr.trim()}`));
    this.#child.on('error', (error) => this.#fail(`git could not be started: ${error.message}`));
    this.#child.on('close', () => this.#fail(`git cat-file stopped: ${stderr.trim() || 'no more output'}`));
    if (all === null) return;
    this.#queue = [...all];
    this.#child.stdin!.end(namesOf(all), 'latin1');
  }

  ask(name: string, max: number): Promise<Found | null> {
    if (/[\n\0]/.test(name)) return Promise.reject(new Undecided('an object name holds a line break'));
    // Ctrl-C reaches Git as well; who asks afterwards would wait for ever.
    if (this.#stopped !== null) return Promise.reject(new Undecided(this.#stopped));
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, max, resolve, reject });
      if (this.#unasked++ === 0) process.nextTick(() => this.#handOver());
    });
  }

  #handOver(): void {
    const waiting = this.#unasked === 0 ? [] : this.#queue.slice(-this.#unasked);
    this.#unasked = 0;
    if (waiting.length < many) return void this.#child.stdin!.write(namesOf(waiting), 'latin1');
    this.#queue.splice(-waiting.length);
    this.#apart(waiting);
  }

  close(): void {
    this.#unasked = 0;
    this.#child.stdin?.end();
    // Git ends by itself once its input does; nobody needs to wait for that.
    this.#child.unref();
    for (const stream of [this.#child.stdout, this.#child.stderr]) (stream as Socket | null)?.unref();
  }

  pause(): void {
    this.#child.stdout!.pause();
  }

  resume(): void {
    if (this.#child.stdout!.isPaused()) this.#child.stdout!.resume();
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.close();
    this.#child.kill();
  }

  #fail(reason: string): void {
    this.#stopped ??= reason;
    for (const waiting of this.#queue.splice(0)) waiting.reject(new Undecided(this.#stopped));
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#open) {
        rest = this.#readContent(this.#open, rest);
        continue;
      }
      const end = rest.indexOf(10);
      if (end < 0) {
        this.#chunks.push(rest);
        this.#length += rest.length;
        if (this.#length > 1 << 20) this.#fail('git cat-file answered with an endless line');
        return;
      }
      const line = Buffer.concat([...this.#chunks, rest.subarray(0, end)]).toString('latin1');
      this.#chunks = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
      this.#header(line);
    }
  }

  #header(line: string): void {
    const match = /^([0-9a-f]{40}|[0-9a-f]{64}) (commit|tree|blob|tag) (\d+)$/.exec(line);
    if (!match) {
      const waiting = this.#queue.shift();
      if (!waiting) return;
      if (line === `${waiting.name} missing`) waiting.resolve(null);
      else waiting.reject(new Undecided(`git cannot read ${waiting.name}: ${line}`));
      return;
    }
    const object = { oid: match[1]!, type: match[2] as GitObject['type'], size: Number(match[3]) };
    if (this.#withContent) this.#open = { object, left: object.size + 1, kept: [] };
    else this.#queue.shift()?.resolve({ ...object, content: Buffer.alloc(0) });
  }

  #readContent(open: { object: GitObject; left: number; kept: Buffer[] }, rest: Buffer): Buffer {
    const part = rest.subarray(0, open.left);
    open.left -= part.length;
    const waiting = this.#queue[0];
    const fits = waiting !== undefined && open.object.size <= waiting.max;
    if (fits) open.kept.push(part);
    if (open.left === 0) {
      this.#open = null;
      this.#queue.shift();
      if (waiting?.max === headerOnly) waiting.resolve({ ...open.object, content: Buffer.alloc(0) });
      else if (fits)
        waiting.resolve({ ...open.object, content: Buffer.concat(open.kept).subarray(0, open.object.size) });
      else waiting?.resolve({ ...open.object, content: null });
    }
    return rest.subarray(part.length);
  }
}

function namesOf(waiting: readonly Waiting[]): string {
  return waiting.map(({ name }) => `${name}\n`).join('');
}

/** Bytes of contents that were read and not taken yet. */
const readAhead = 8 << 20;

/** Reads objects by id or by any name Git understands, without starting a process for each. */
export class ObjectReader {
  #content: Batch | undefined;
  #check: Batch | undefined;
  #closed = false;
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#cwd = cwd;
    this.#env = env;
  }

  /** The object, or null when there is none of that name. @throws Undecided when it is larger than `max` bytes or Git fails. */
  async read(name: string, max: number): Promise<GitContent | null> {
    const found = await this.#ask(name, max);
    if (found === null) return null;
    const { content } = found;
    if (content === null) throw new Undecided(`${name} is ${found.size} bytes, the limit is ${max}`);
    return { ...found, content };
  }

  /** The same, but a larger one has null for its content, which is read past: that costs less than to ask twice. */
  readUpTo(name: string, max: number): Promise<Found | null> {
    return this.#ask(name, max);
  }

  /**
   * Objects in the order of their ids, by a process of their own. What is not taken is not read on, so that memory stays
   * flat however many and large they are. `null` where there is none of an id; no content where it is larger than `max`.
   * @throws Undecided when Git fails
   */
  async *each(oids: readonly Oid[], max: number): AsyncIterable<Found | null> {
    if (this.#closed) throw new Undecided('the run is over');
    const read: (Found | null)[] = [];
    let bytes = 0;
    let failure: Error | null = null;
    let wake = () => {};
    const resolve = (found: Found | null) => {
      bytes += found?.content?.length ?? 0;
      read.push(found);
      if (bytes > readAhead) batch.pause();
      wake();
    };
    const reject = (error: Error) => {
      failure ??= error;
      wake();
    };
    const batch = new Batch(
      this.#cwd,
      this.#env,
      true,
      oids.map((name) => ({ name, max, resolve, reject })),
    );
    try {
      for (let taken = 0; taken < oids.length; taken++) {
        if (taken === read.length && failure === null) await new Promise<void>((done) => (wake = done));
        if (taken === read.length) throw failure ?? new Undecided('git cat-file stopped');
        const found = read[taken] ?? null;
        read[taken] = null; // What was handed out is no longer ours.
        bytes -= found?.content?.length ?? 0;
        if (bytes <= readAhead) batch.resume();
        yield found;
      }
    } finally {
      batch.stop();
    }
  }

  /** Id, type and size only; null when there is no such object. @throws Undecided when Git fails. */
  info(name: string): Promise<GitObject | null> {
    // A commit or a tree is small: its contents are read past, which costs less than a second process.
    if (/\^\{(?:commit|tree)\}$/.test(name)) return this.#ask(name, headerOnly);
    if (this.#closed) return tooLate();
    this.#check ??= new Batch(this.#cwd, this.#env, false);
    return this.#check.ask(name, 0);
  }

  #ask(name: string, max: number): Promise<Found | null> {
    if (this.#closed) return tooLate();
    this.#content ??= new Batch(this.#cwd, this.#env, true);
    return this.#content.ask(name, max);
  }

  close(): void {
    this.#closed = true;
    this.#content?.close();
    this.#check?.close();
  }
}

/** What goes on beside an error that has ended the run must not start a process that nobody ends. */
function tooLate(): Promise<never> {
  return Promise.reject(new Undecided('the run is over'));
}

/** The mode as Git's diffs show it: old trees hold others, such as 100664. */
function canonicalMode(mode: string): string {
  const bits = Number.parseInt(mode, 8);
  const kind = bits & 0o170000;
  if (kind === 0o100000) return bits & 0o100 ? '100755' : '100644';
  if (kind === 0o120000) return '120000';
  return kind === 0o040000 ? '040000' : '160000';
}

export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly oid: Oid;
}

/**
 * Parses a tree object: `<mode> <name>\0<raw id>` repeated. Names are bytes, one unit each.
 * @throws Undecided when the object is malformed
 * @see https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
 */
export function parseTree(content: Buffer, idBytes: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const nul = content.indexOf(0, space);
    const end = nul + 1 + idBytes;
    if (space < 0 || nul < 0 || end > content.length) throw new Undecided('a tree object is malformed');
    const mode = canonicalMode(content.toString('latin1', at, space));
    entries.push({
      mode,
      name: content.toString('latin1', space + 1, nul),
      oid: content.toString('hex', nul + 1, end),
    });
    at = end;
  }
  return entries;
}
