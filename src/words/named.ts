/** So many are named; of the others it is told how many there are. */
const most = 3;

/** The first of some names, and how many there are besides: `a, b, c and 4 more`. */
export function named(names: readonly string[]): string {
  return `${names.slice(0, most).join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}
