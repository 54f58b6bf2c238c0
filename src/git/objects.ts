import { type Oid, Undecided } from '../model/index.ts';
import { Batch, type Found, type GitContent, type GitObject, headerOnly } from './batch.ts';

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
