import { count, type Entry } from './report.ts';
import type { XmlEvent } from './xml.ts';

/**
 * Cobertura: lines by class, several classes a file, and the folders (`<source>`) that file names start from.
 * @see https://github.com/cobertura/web/blob/master/htdocs/xml/coverage-04.dtd
 * @throws SyntaxError
 */
export function* cobertura(events: Iterable<XmlEvent>): Generator<Entry> {
  const sources: string[] = [];
  let inSource = false;
  let current: { path: string; lines: Map<number, number> } | null = null;
  const entries: { path: string; lines: Map<number, number> }[] = [];
  for (const event of events) {
    if (event.kind === 'text') {
      if (inSource) sources[sources.length - 1] += event.text;
    } else if (event.name === 'source') {
      inSource = event.kind === 'open';
      if (inSource) sources.push('');
    } else if (event.name === 'class') {
      if (event.kind === 'open') {
        const path = event.attributes.get('filename');
        if (!path) throw new SyntaxError('has a <class> without a filename');
        current = { path, lines: new Map() };
        entries.push(current);
      } else current = null;
    } else if (event.name === 'line' && event.kind === 'open') {
      if (!current) throw new SyntaxError('has a <line> outside any <class>');
      const line = count(event.attributes.get('number'), `a line number of ${current.path}`);
      // A method's lines are listed again under its class.
      const hits = count(event.attributes.get('hits'), `the hits of line ${line} of ${current.path}`);
      current.lines.set(line, Math.max(current.lines.get(line) ?? 0, hits));
    }
  }
  const folders = [...new Set(sources.map((source) => source.trim()).filter((source) => source !== ''))];
  for (const entry of entries) yield { ...entry, sources: folders };
}
