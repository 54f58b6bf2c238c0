/** A span in words: `40 seconds`, `3 hours`, `12 days`. @param span in milliseconds */
export function ago(span: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ];
  const [size, name] = units.find(([length]) => Math.abs(span) >= 2 * length) ?? [1_000, 'second'];
  const count = Math.floor(span / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
