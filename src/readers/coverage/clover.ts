import { count, type Entry, lines } from './report.ts';
import type { XmlEvent } from './xml.ts';

/**
 * Clover: `<file>` with its `<line>`s. Lines of type `method` name a function and are none of code.
 * @see https://bitbucket.org/atlassian/clover (etc/schema/clover.xsd)
 * @throws SyntaxError
 */
export function* clover(events: Iterable<XmlEvent>): Generator<Entry> {
  let file: { path: string; lines: Map<number, number>; counts: Entry['lines'] | null } | null = null;
  let inClass = 0;
  for (const event of events) {
    if (event.kind === 'text') continue;
    if (event.kind === 'close') {
      if (event.name === 'class') inClass--;
      if (event.name !== 'file' || !file) continue;
      yield { path: file.path, lines: file.lines.size > 0 || !file.counts ? file.lines : file.counts };
      file = null;
      continue;
    }
    const { name, attributes } = event;
    if (name === 'class') inClass++;
    if (name === 'file') {
      const path = attributes.get('path') || attributes.get('name');
      if (!path) throw new SyntaxError('has a <file> without a path');
      file = { path, lines: new Map(), counts: null };
    } else if (name === 'line') {
      if (!file) throw new SyntaxError('has a <line> outside any <file>');
      const line = count(attributes.get('num'), `a line number of ${file.path}`);
      const ran = count(attributes.get('count'), `the count of line ${line} of ${file.path}`);
      if (attributes.get('type') !== 'method') file.lines.set(line, Math.max(file.lines.get(line) ?? 0, ran));
    } else if (name === 'metrics' && file && inClass === 0) {
      const number = (key: string) => count(attributes.get(key), `${key} of ${file!.path}`);
      file.counts = lines(number('statements'), number('coveredstatements'), file.path);
    }
  }
}
