import { count, type Entry, lines } from './report.ts';

/**
 * lcov's tracefile. Only the `DA` lines count; a record without any is taken at its `LF` and `LH`.
 * @see https://manpages.debian.org/unstable/lcov/geninfo.1.en.html#FILES
 * @throws SyntaxError
 */
export function* lcov(text: string): Generator<Entry> {
  let record: { path: string; hits: Map<number, number>; found: number; hit: number } | null = null;
  let number = 0;
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    number++;
    const line = text.slice(at, end).trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    const where = `line ${number}`;
    if (line === 'end_of_record') {
      if (!record) throw new SyntaxError(`${where} ends a record that never began`);
      const { path, hits, found, hit } = record;
      yield { path, lines: hits.size > 0 ? hits : lines(found, hit, path) };
      record = null;
      continue;
    }
    const [, key, value] = /^([A-Z]+):(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new SyntaxError(`${where} is not lcov`);
    if (key === 'SF') {
      if (record) throw new SyntaxError(`the record of ${record.path} has no end`);
      record = { path: value, hits: new Map(), found: 0, hit: 0 };
    } else if (key !== 'TN') {
      if (!record) throw new SyntaxError(`${where} stands outside any record`);
      if (key === 'LF') record.found = count(value, `LF on ${where}`);
      if (key === 'LH') record.hit = count(value, `LH on ${where}`);
      if (key === 'DA') addLine(record.hits, value, where);
    }
  }
  if (record) throw new SyntaxError(`the record of ${record.path} has no end; the report was cut off`);
}

/** `line,hits[,checksum]`; gcov is known to write negative hits, which are no run. */
function addLine(hits: Map<number, number>, value: string, where: string): void {
  const [, line, ran] = /^(\d{1,9}),(-?\d{1,15})(?:,[^,]*)?$/.exec(value) ?? [];
  if (line === undefined || ran === undefined) throw new SyntaxError(`DA on ${where} is not a line and its hits`);
  hits.set(Number(line), (hits.get(Number(line)) ?? 0) + Math.max(0, Number(ran)));
}
