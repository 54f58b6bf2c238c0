/** Changes that are judged together. */
const together = 64;

/** What is made of many things, a part at a time. */
export type Turns<T> = readonly (() => readonly T[])[];

/**
 * The things in parts, so that what was made of one part can go when the next one comes: `push --mirror` may move a
 * hundred thousand refs. A single part is made once.
 */
export function inTurn<S, T>(things: readonly S[], make: (thing: S) => T): Turns<T> {
  if (things.length <= together) {
    const all = things.map(make);
    return [() => all];
  }
  return Array.from(
    { length: Math.ceil(things.length / together) },
    (_, part) => () => things.slice(part * together, (part + 1) * together).map(make),
  );
}
