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
export const headerOnly = -1;

/** `content` is null where it is larger than was asked for. */
export type Found = GitObject & { readonly content: Buffer | null };

/** A question, and who waits for its answer. */
export interface Waiting {
  readonly name: string;
  readonly max: number;
  resolve(value: Found | null): void;
  reject(error: Error): void;
}

/**
 * One `git cat-file --batch` (or `--batch-check`) process that answers any number of questions in order.
 * @see https://git-scm.com/docs/git-cat-file#_batch_output
 */
export class Batch {
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
