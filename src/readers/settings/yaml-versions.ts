import { parseDocument } from './yaml-package.ts';

/** Bare words and numbers that YAML 1.1 and 1.2 may read differently. */
const suspicious =
  /^(?:y|n|yes|no|on|off|[-+]?0[\dbo][\w.:]*|[-+]?[\d.][\d.]*_[\d_.:]*|[-+]?\d[\d_]*(?::\d+)+(?:\.[\d_]*)?|[-+]?[\d.]+e[-+]?\d+)$/i;

/**
 * Many programs still read YAML 1.1, where a bare `no` is a boolean and `010` is 8. Says how the two differ, or null.
 * @param source a bare scalar as it is written
 * @see https://yaml.org/type/bool.html
 * @see https://yaml.org/type/int.html
 */
export function versionsDiffer(source: string): string | null {
  if (source.length > 60 || !suspicious.test(source)) return null;
  const [now, before] = [read(source, '1.2'), read(source, '1.1')];
  if (Object.is(now, before) || before instanceof Date) return null;
  return `is ${told(now)} in YAML 1.2 and ${told(before)} in YAML 1.1`;
}

function read(source: string, version: '1.1' | '1.2'): unknown {
  return parseDocument(source, { version, logLevel: 'silent' }).toJS();
}

function told(value: unknown): string {
  return typeof value === 'string' ? `the text '${value}'` : String(value);
}
