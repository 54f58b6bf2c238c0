/** Addresses that are told apart; past it the one that came longest ago is forgotten. */
const most = 1_000;

/** Lets through a few requests at once from an address, and then one every so often. */
export class Rate {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(
    readonly burst: number,
    /** Milliseconds for one more. */
    readonly every: number,
  ) {}

  take(address: string, now: number): boolean {
    const before = this.#buckets.get(address);
    const left = Math.min(this.burst, before ? before.left + (now - before.at) / this.every : this.burst);
    this.#buckets.delete(address);
    this.#buckets.set(address, { left: left < 1 ? left : left - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > most) this.#buckets.delete(oldest!);
    return left >= 1;
  }
}
