import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** How many signatures are remembered, and for how long: a sender delivers again for days, and one that is older deploys nothing new. */
const most = 10_000;
const longest = 90 * 86_400_000;

/** The signatures that were taken already, in a file of their own: a restart does not forget them. */
export class Memory {
  readonly #known = new Map<string, number>();
  #written = 0;

  /** @throws Error where the file is there and cannot be read */
  constructor(
    readonly path: string,
    readonly now: () => Date,
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'latin1').split('\n')) {
      // A line that a crash cut off is none.
      const [, at, mark] = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(line) ?? [];
      if (mark !== undefined) this.#known.set(mark, Number(at));
    }
    this.#rewrite();
  }

  has(mark: string): boolean {
    const at = this.#known.get(mark);
    return at !== undefined && this.now().getTime() - at < longest;
  }

  /** Remembers one, on disk before it returns. @throws Error where that cannot be done */
  add(mark: string): void {
    const at = this.now().getTime();
    const file = openSync(this.path, 'a', 0o600);
    try {
      // A line before it may have been cut off by a full disk.
      writeFileSync(file, `\n${at} ${mark}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#known.delete(mark);
    this.#known.set(mark, at);
    if (++this.#written > 2 * most) this.#rewrite();
  }

  #rewrite(): void {
    const oldest = this.now().getTime() - longest;
    const kept = [...this.#known].filter(([, at]) => at > oldest).slice(-most);
    this.#known.clear();
    for (const [mark, at] of kept) this.#known.set(mark, at);
    const beside = `${this.path}.${process.pid}`;
    const file = openSync(beside, 'w', 0o600);
    try {
      writeFileSync(file, kept.map(([mark, at]) => `${at} ${mark}\n`).join(''));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, this.path);
    this.#written = kept.length;
  }
}
