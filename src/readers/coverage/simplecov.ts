import { count, type Entry, type Fields, isMap } from './report.ts';

/**
 * SimpleCov's `.resultset.json`: hits by line for each suite; and `coverage.json` of its JSON formatter, which has one.
 * @see https://github.com/simplecov-ruby/simplecov
 * @throws SyntaxError
 */
export function* simpleCov(suites: readonly Fields[]): Generator<Entry> {
  for (const files of suites)
    for (const [path, file] of Object.entries(files)) {
      const hits = isMap(file) ? file['lines'] : file;
      if (!Array.isArray(hits)) throw new SyntaxError(`has no lines of ${path}`);
      const found = new Map<number, number>();
      // Null: no code. 'ignored': a comment took it out.
      for (const [index, ran] of hits.entries())
        if (ran !== null && ran !== 'ignored')
          found.set(index + 1, count(ran, `the hits of line ${index + 1} of ${path}`));
      yield { path, lines: found };
    }
}
