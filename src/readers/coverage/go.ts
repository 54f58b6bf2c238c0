import { count, type Entry, lines } from './report.ts';

const block = /^(.+):(\d+\.\d+,\d+\.\d+) (\d{1,9}) (\d{1,15})$/;

/**
 * A cover profile of Go: statements by block. Packages that are tested together list a block several times.
 * @see https://pkg.go.dev/golang.org/x/tools/cover
 * @throws SyntaxError
 */
export function* goCover(text: string): Generator<Entry> {
  const files = new Map<string, Map<string, { statements: number; ran: number }>>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('mode: ')) continue;
    const [, path, place, statements, ran] = block.exec(line) ?? [];
    if (path === undefined || place === undefined)
      throw new SyntaxError(`line ${index + 1} is not a block of a profile`);
    const blocks = files.get(path) ?? new Map<string, { statements: number; ran: number }>();
    files.set(path, blocks);
    const known = blocks.get(place)?.ran ?? 0;
    blocks.set(place, { statements: count(statements, 'statements'), ran: Math.max(known, count(ran, 'a count')) });
  }
  for (const [path, blocks] of files) {
    let [total, covered] = [0, 0];
    for (const { statements, ran } of blocks.values()) {
      total += statements;
      if (ran > 0) covered += statements;
    }
    yield { path, lines: lines(total, covered, path), partial: true };
  }
}
