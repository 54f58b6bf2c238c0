import { clover } from './clover.ts';
import { cobertura } from './cobertura.ts';
import { goCover } from './go.ts';
import { jacoco } from './jacoco.ts';
import { fromJson } from './json.ts';
import { lcov } from './lcov.ts';
import { type Places, pathResolver } from './paths.ts';
import type { CoverageReport, Entry, Lines } from './report.ts';
import { readXml } from './xml.ts';

/** The largest report that is read, in bytes. */
export const maxReport = 64 << 20;

/**
 * Reads a coverage report: Istanbul's json-summary and json, lcov, Cobertura, Clover, JaCoCo, a cover profile of Go,
 * coverage.py's JSON and SimpleCov's, told by the content. Counts are read, percentages never.
 * @throws SyntaxError with a sentence that goes on from the report's name
 */
export function parseCoverage(content: Buffer, places: Places): CoverageReport {
  if (content.length > maxReport) throw new SyntaxError(`is larger than ${maxReport >> 20} MiB`);
  const resolve = pathResolver(places);
  const merged = new Map<string, Map<number, number> | Lines>();
  const outside = new Set<string>();
  const { format, entries } = readAny(content.toString('utf8').replace(/^\ufeff/, ''));
  for (const entry of entries) {
    const path = resolve(entry);
    if (path === null) outside.add(entry.path);
    else merged.set(path, merge(merged.get(path), entry.lines, path));
  }
  const files = new Map([...merged].map(([path, found]) => [path, found instanceof Map ? counted(found) : found]));
  return { format, files, outside: [...outside] };
}

interface Read {
  readonly format: string;
  readonly entries: Iterable<Entry>;
}

/** What other reports start with, and how their tools write one that is read. */
const others: readonly (readonly [start: RegExp, help: string])[] = [
  [/^SQLite format 3/, "is coverage.py's data file; coverage json, or coverage xml, writes a report of it"],
  [/^\x00/, 'is binary; let the tool write Cobertura XML or lcov'],
  [/^\w+\s+Stmts\s+Miss/, 'is a table for people; coverage json, or coverage xml, writes a report'],
  [/^<!DOCTYPE html|^<html/i, 'is a page for people; let the tool write lcov, Cobertura XML or JSON'],
];

function readAny(text: string): Read {
  const start = /\S.{0,40}/s.exec(text)?.[0];
  if (start === undefined) throw new SyntaxError('is empty');
  const other = others.find(([form]) => form.test(start));
  if (other !== undefined) throw new SyntaxError(other[1]);
  if (start.startsWith('{')) return fromJson(text);
  if (start.startsWith('<')) return fromXml(text);
  if (start.startsWith('mode: ')) return { format: 'Go cover profile', entries: goCover(text) };
  if (/^(?:TN:|SF:|#)/.test(start)) return { format: 'lcov', entries: lcov(text) };
  throw new SyntaxError(
    'is in no format that is read: Istanbul JSON, lcov, Cobertura, Clover, JaCoCo, Go cover profile, coverage.py JSON, SimpleCov',
  );
}

/** Cobertura and Clover both call their root `<coverage>`; only Clover has a `<project>` right below it. */
function fromXml(text: string): Read {
  const opened: string[] = [];
  for (const event of readXml(text)) {
    if (event.kind !== 'open') continue;
    opened.push(event.name);
    if (opened.length === 1 && event.name === 'coverage' && event.attributes.has('line-rate')) break;
    if (opened.length === 2) break;
  }
  const [root, first] = opened;
  if (root === 'report') return { format: 'JaCoCo', entries: jacoco(readXml(text)) };
  if (root === 'CoverageSession')
    throw new SyntaxError('is OpenCover; ReportGenerator (-reporttypes:Cobertura) turns it into what is read');
  if (root !== 'coverage') throw new SyntaxError(`has <${root}> as its root, neither Cobertura, Clover nor JaCoCo`);
  return first === 'project' || first === 'testproject'
    ? { format: 'Clover', entries: clover(readXml(text)) }
    : { format: 'Cobertura', entries: cobertura(readXml(text)) };
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
