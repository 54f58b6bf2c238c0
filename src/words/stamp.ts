/** A time for names of files and databases, to the second: `20261127T235959Z`. */
export function stampOf(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}
