import { count, type Entry, type Fields, isMap, lines } from './report.ts';

/**
 * `coverage json` of coverage.py.
 * @see https://coverage.readthedocs.io/en/latest/commands/cmd_json.html
 * @throws SyntaxError
 */
export function* coveragePy(files: Fields): Generator<Entry> {
  for (const [path, file] of Object.entries(files)) {
    const summary = isMap(file) ? file['summary'] : null;
    if (!isMap(summary)) throw new SyntaxError(`has no summary of ${path}`);
    const total = count(summary['num_statements'], `num_statements of ${path}`);
    yield { path, lines: lines(total, count(summary['covered_lines'], `covered_lines of ${path}`), path) };
  }
}
