/** An entry of Drizzle's `meta/_journal.json`: which file runs, in which order. */
export interface JournalEntry {
  readonly tag: string;
  /** The whole entry, in a form in which equal entries are equal texts. */
  readonly text: string;
}

/** @returns null for what is no journal */
export function readJournal(text: string): readonly JournalEntry[] | null {
  let journal: unknown;
  try {
    journal = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const entries = isRecord(journal) && Object.hasOwn(journal, 'entries') ? journal['entries'] : null;
  if (!Array.isArray(entries)) return null;
  const read = entries.map((entry: unknown) =>
    isRecord(entry) && typeof entry['tag'] === 'string' ? { tag: entry['tag'], text: canonical(entry) } : null,
  );
  return read.every((entry) => entry !== null) ? read : null;
}

/** The tag of the first entry that is not as it was, at its place; null when all are. */
export function changedEntry(before: readonly JournalEntry[], after: readonly JournalEntry[]): string | null {
  return before.find((entry, at) => after[at]?.text !== entry.text)?.tag ?? null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const fields = Object.keys(value).sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}
