/** `anna`, `anna or ben`, `anna, ben or carl`. */
export function among(names: readonly string[], word = 'or'): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}

/** A span in the largest unit that it is a whole number of. */
export function days(milliseconds: number): string {
  const units = [
    ['day', 864e5],
    ['hour', 36e5],
    ['minute', 6e4],
    ['second', 1e3],
  ] as const;
  const [unit, size] = units.find(([, each]) => milliseconds % each === 0)!;
  const amount = milliseconds / size;
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}

/** A section; empty where there is nothing to say. */
export function section(title: string, paragraphs: readonly string[]): string {
  const said = paragraphs.filter((text) => text !== '');
  return said.length === 0 ? '' : `## ${title}\n\n${said.join('\n\n')}`;
}
