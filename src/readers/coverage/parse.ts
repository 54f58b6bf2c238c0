import { clover } from './clover.ts';
import { cobertura } from './cobertura.ts';
import { istanbul } from './istanbul.ts';
import { lcov } from './lcov.ts';
import { type Places, pathResolver } from './paths.ts';
import type { CoverageReport, Entry, Lines } from './report.ts';
import { readXml } from './xml.ts';

/** The largest report that is read, in bytes. */
export const maxReport = 64 << 20;

/**
 * Reads a coverage report: Istanbul's json-summary and json, lcov, Cobertura, Clover, told by the content. Counts are
 * read, percentages never.
 * @throws SyntaxError with a sentence that goes on from the report's name
 */
export function parseCoverage(content: Buffer, places: Places): CoverageReport {
  if (content.length > maxReport) throw new SyntaxError(`is larger than ${maxReport >> 20} MiB`);
  const resolve = pathResolver(places);
  const merged = new Map<string, Map<number, number> | Lines>();
  const outside = new Set<string>();
  for (const entry of entriesOf(content.toString('utf8').replace(/^\ufeff/, ''))) {
    const path = resolve(entry);
    if (path === null) outside.add(entry.path);
    else merged.set(path, merge(merged.get(path), entry.lines, path));
  }
  const files = new Map([...merged].map(([path, found]) => [path, found instanceof Map ? counted(found) : found]));
  return { files, outside: [...outside] };
}

function entriesOf(text: string): Iterable<Entry> {
  const start = /\S.{0,8}/s.exec(text)?.[0];
  if (start === undefined) throw new SyntaxError('is empty');
  if (start.startsWith('{')) return istanbul(text);
  if (start.startsWith('<')) return fromXml(text);
  if (/^(?:TN:|SF:|#)/.test(start)) return lcov(text);
  throw new SyntaxError('is none of Istanbul JSON, lcov, Cobertura and Clover');
}

/** Both formats call their root `<coverage>`; only Clover has a `<project>` right below it. */
function fromXml(text: string): Iterable<Entry> {
  const opened: string[] = [];
  for (const event of readXml(text)) {
    if (event.kind !== 'open') continue;
    opened.push(event.name);
    if (opened.length === 1 && event.name === 'coverage' && event.attributes.has('line-rate')) break;
    if (opened.length === 2) break;
  }
  if (opened[0] !== 'coverage') throw new SyntaxError(`has <${opened[0]}> as its root, neither Cobertura nor Clover`);
  return opened[1] === 'project' || opened[1] === 'testproject' ? clover(readXml(text)) : cobertura(readXml(text));
}

/** @throws SyntaxError where a file is there twice and its lines are not told */
function merge(known: Map<number, number> | Lines | undefined, found: Entry['lines'], path: string) {
  if (known === undefined) return found instanceof Map ? new Map(found) : (found as Lines);
  if (!(known instanceof Map) || !(found instanceof Map)) throw new SyntaxError(`counts ${path} twice`);
  for (const [line, hits] of found) known.set(line, (known.get(line) ?? 0) + hits);
  return known;
}

function counted(hits: ReadonlyMap<number, number>): Lines {
  let covered = 0;
  for (const ran of hits.values()) if (ran > 0) covered++;
  return { total: hits.size, covered };
}
