/** What somebody wished for: one at a time is done, and each other one waits once, however often it was wished for. */
export class Wishes<T> {
  readonly #waiting: T[] = [];
  #running: T | null = null;
  #isClosed = false;
  #work: Promise<void> = Promise.resolve();

  /** @param act does it; it does not throw */
  constructor(readonly act: (wish: T) => Promise<void>) {}

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Is it being done, or waits? */
  has(wish: T): boolean {
    return this.#running === wish || this.waits(wish);
  }

  waits(wish: T): boolean {
    return this.#waiting.includes(wish);
  }

  ask(wish: T): void {
    if (this.#isClosed || this.waits(wish)) return;
    this.#waiting.push(wish);
    if (this.#running === null) this.#work = this.#all();
  }

  /** Takes no more of them, and waits for the one that is being done. What waits is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
  }

  async #all(): Promise<void> {
    for (let wish = this.#next(); wish !== null; wish = this.#next()) await this.act(wish);
  }

  #next(): T | null {
    this.#running = this.#isClosed ? null : (this.#waiting.shift() ?? null);
    return this.#running;
  }
}
