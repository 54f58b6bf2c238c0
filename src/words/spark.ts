const levels = '▁▂▃▄▅▆▇█';

/**
 * Numbers as a row of bars.
 * @param full what fills a bar; more fills it as well
 * @param marks a letter in place of a bar, by its index
 */
export function spark(values: readonly number[], full: number, marks: ReadonlyMap<number, string>): string {
  const bar = (value: number) => levels[Math.min(levels.length - 1, Math.floor((value / full) * levels.length))]!;
  return values.map((value, at) => marks.get(at) ?? bar(value)).join('');
}
