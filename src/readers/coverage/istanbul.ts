import { count, type Entry, type Fields, isMap, lines } from './report.ts';

/**
 * Istanbul's `json-summary` (counts by file) and `json` (coverage-final.json: every statement).
 * @see https://github.com/istanbuljs/istanbuljs/blob/main/packages/istanbul-reports/lib/json-summary/index.js
 * @throws SyntaxError
 */
export function* istanbul(report: Fields): Generator<Entry> {
  for (const [path, entry] of Object.entries(report)) {
    if (path === 'total') continue;
    if (!isMap(entry)) throw new SyntaxError(`has no counts for ${path}`);
    yield { path, lines: isMap(entry['statementMap']) ? fromStatements(path, entry) : fromCounts(path, entry) };
  }
}

function fromCounts(path: string, entry: Fields): Entry['lines'] {
  const found = entry['lines'];
  if (!isMap(found)) throw new SyntaxError(`has no line counts for ${path}`);
  return lines(count(found['total'], `the total of ${path}`), count(found['covered'], `the count of ${path}`), path);
}

/** A line was run as often as the statement that starts there and ran most, as Istanbul itself counts lines. */
function fromStatements(path: string, entry: Fields): Entry['lines'] {
  const [statements, hits] = [entry['statementMap'] as Fields, entry['s']];
  if (!isMap(hits)) throw new SyntaxError(`has no counts for ${path}`);
  const found = new Map<number, number>();
  for (const [id, statement] of Object.entries(statements)) {
    const start = isMap(statement) ? statement['start'] : null;
    const line = count(isMap(start) ? start['line'] : null, `the line of a statement of ${path}`);
    const ran = count(Object.hasOwn(hits, id) ? hits[id] : null, `the count of a statement of ${path}`);
    found.set(line, Math.max(found.get(line) ?? 0, ran));
  }
  return found;
}
