import { count, type Entry } from './report.ts';
import type { XmlEvent } from './xml.ts';

/**
 * JaCoCo: source files by package. A line is covered where some of its instructions ran.
 * @see https://www.jacoco.org/jacoco/trunk/coverage/report.dtd
 * @throws SyntaxError
 */
export function* jacoco(events: Iterable<XmlEvent>): Generator<Entry> {
  let folder = '';
  let file: { path: string; lines: Map<number, number> } | null = null;
  for (const event of events) {
    if (event.kind === 'text') continue;
    if (event.kind === 'close') {
      if (event.name === 'sourcefile' && file) yield { ...file, partial: true };
      if (event.name === 'sourcefile') file = null;
      continue;
    }
    const name = event.attributes.get('name') ?? '';
    if (event.name === 'package') folder = name;
    if (event.name === 'sourcefile') file = { path: folder === '' ? name : `${folder}/${name}`, lines: new Map() };
    if (event.name !== 'line' || !file) continue;
    const line = count(event.attributes.get('nr'), `a line number of ${file.path}`);
    file.lines.set(line, count(event.attributes.get('ci'), `the instructions of line ${line} of ${file.path}`));
  }
}
