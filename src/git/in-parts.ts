/** Questions that are under way at once. */
const together = 64;

/** Like `Promise.all` over a `map`, but a part after the other, so that memory stays flat however many there are. */
export async function inParts<S, T>(things: readonly S[], act: (thing: S) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let from = 0; from < things.length; from += together)
    for (const result of await Promise.all(things.slice(from, from + together).map(act))) results.push(result);
  return results;
}
