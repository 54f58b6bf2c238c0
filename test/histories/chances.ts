/** What a generator asks of its random numbers. */
export interface Chances {
  chance(p: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A whole number from 0 on. */
  below(limit: number): number;
}

export function chances(random: () => number): Chances {
  const below = (limit: number) => Math.floor(random() * limit);
  return { below, chance: (p) => random() < p, pick: (from) => from[below(from.length)]! };
}
