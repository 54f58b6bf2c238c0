/**
 * One reading for all who start before its first piece is handed out; whoever starts later gets a reading of their own.
 * They go on together, piece by piece, so that memory stays flat however long the whole is.
 */
export function fanOut<T>(open: () => AsyncIterable<T>): () => AsyncIterable<T> {
  let reading: Reading<T> | undefined;
  return async function* () {
    if (!reading?.isOpen) reading = new Reading(open()[Symbol.asyncIterator]());
    const joined = reading;
    joined.join();
    try {
      for (;;) {
        const piece = await joined.next();
        if (piece.done) return;
        yield piece.value;
      }
    } finally {
      joined.leave();
    }
  };
}

interface Waiting<T> {
  resolve(piece: IteratorResult<T>): void;
  reject(error: unknown): void;
}

class Reading<T> {
  /** Has nothing been handed out yet? */
  isOpen = true;
  readonly #source: AsyncIterator<T>;
  /** Read while the readers are still at the piece before. */
  #ahead: Promise<IteratorResult<T>>;
  #readers = 0;
  #waiting: Waiting<T>[] = [];

  constructor(source: AsyncIterator<T>) {
    this.#source = source;
    this.#ahead = this.#read();
  }

  join(): void {
    this.#readers++;
  }

  leave(): void {
    this.#readers--;
    if (this.#readers > 0) void this.#handOut();
    else {
      this.isOpen = false;
      this.#source.return?.().then(undefined, () => undefined);
    }
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      void this.#handOut();
    });
  }

  /** Once all wait for it. */
  async #handOut(): Promise<void> {
    const [piece] = await Promise.allSettled([this.#ahead]);
    if (this.#waiting.length === 0 || this.#waiting.length < this.#readers) return;
    this.isOpen = false;
    const all = this.#waiting.splice(0);
    if (piece.status === 'fulfilled' && !piece.value.done) this.#ahead = this.#read();
    for (const one of all)
      if (piece.status === 'fulfilled') one.resolve(piece.value);
      else one.reject(piece.reason);
  }

  #read(): Promise<IteratorResult<T>> {
    const piece = this.#source.next();
    // Whoever asks for it gets its error; until then it is nobody's.
    piece.then(undefined, () => undefined);
    return piece;
  }
}
