import { coveragePy } from './coverage-py.ts';
import { istanbul } from './istanbul.ts';
import { type Entry, type Fields, isMap } from './report.ts';
import { simpleCov } from './simplecov.ts';

/** A report in JSON, told by what stands at its top. @throws SyntaxError */
export function fromJson(text: string): { format: string; entries: Iterable<Entry> } {
  const report = parsed(text);
  if (!isMap(report)) throw new SyntaxError('is not a coverage report: not a map of files');
  const { files, meta, coverage } = report;
  if (isMap(files) && isMap(meta)) return { format: 'coverage.py JSON', entries: coveragePy(files) };
  if (isMap(coverage) && isMap(meta)) return { format: 'SimpleCov JSON', entries: simpleCov([coverage]) };
  const suites = Object.values(report).flatMap((suite) => (isMap(suite) && isMap(suite['coverage']) ? [suite] : []));
  if (suites.length > 0 && suites.every((suite) => 'timestamp' in suite))
    return { format: 'SimpleCov resultset', entries: simpleCov(suites.map((suite) => suite['coverage'] as Fields)) };
  return { format: 'Istanbul JSON', entries: istanbul(report) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The built-in message quotes the content.
    throw new SyntaxError('is not valid JSON; it may have been cut off');
  }
}
