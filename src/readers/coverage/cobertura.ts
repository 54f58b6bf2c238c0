import { count, type Entry } from './report.ts';
import type { XmlEvent } from './xml.ts';

/**
 * Cobertura: lines by class (those of its methods are listed beside them), several classes a file, and the folders (`<source>`) that file names start from.
 * @see https://github.com/cobertura/web/blob/master/htdocs/xml/coverage-04.dtd
 * @throws SyntaxError
 */
export function* cobertura(events: Iterable<XmlEvent>): Generator<Entry> {
  const sources: string[] = [];
  let inSource = false;
  let methods = 0;
  let valid: number | null = null;
  let current: { path: string; lines: Map<number, number> } | null = null;
  const entries: { path: string; lines: Map<number, number> }[] = [];
  for (const event of events) {
    if (event.kind === 'text') {
      if (inSource) sources[sources.length - 1] += event.text;
    } else if (event.name === 'coverage' && event.kind === 'open') {
      const told = event.attributes.get('lines-valid');
      valid = told === undefined ? null : count(told, 'lines-valid');
    } else if (event.name === 'methods') {
      methods += event.kind === 'open' ? 1 : -1;
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
      // A method lists again what its class does, or the line of its declaration, which is none of code.
      if (methods > 0) continue;
      const line = count(event.attributes.get('number'), `a line number of ${current.path}`);
      const hits = count(event.attributes.get('hits'), `the hits of line ${line} of ${current.path}`);
      current.lines.set(line, Math.max(current.lines.get(line) ?? 0, hits));
    }
  }
  const listed = entries.reduce((sum, { lines }) => sum + lines.size, 0);
  if (valid !== null && listed < valid)
    throw new SyntaxError(`lists ${listed} lines in its classes, and says that there are ${valid}`);
  const folders = [...new Set(sources.map((source) => source.trim()).filter((source) => source !== ''))];
  for (const entry of entries) yield { ...entry, sources: folders };
}
