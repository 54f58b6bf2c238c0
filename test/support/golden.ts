import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { is, ok } from 'uvu/assert';
import { projectRoot, type Result } from './world.ts';

/** Compares exit code, stdout and stderr together; UPDATE_GOLDEN=1 writes them. */
export function golden(name: string, result: Result, ...scrub: [string | RegExp, string][]): void {
  const text = `exit ${result.code}\n--- stdout\n${result.stdout}--- stderr\n${result.stderr}`;
  goldenText(name, text, ...scrub);
}

/** The same for a text that was written elsewhere. Whatever differs from run to run is replaced. */
export function goldenText(name: string, text: string, ...scrub: [string | RegExp, string][]): void {
  let stable = text;
  for (const [from, to] of scrub) stable = stable.replaceAll(from, to);
  stable = stable
    .replace(/\b[0-9a-f]{40}\b/g, '<id>')
    .replace(/(?<=::stop-commands::|^::)[0-9a-f]{32}\b/gm, '<token>')
    .replace(/\b[0-9a-f]{32}:(?=\d)/g, '<fingerprint>:')
    .replace(/\b[0-9a-f]{12}\b/g, '<short>')
    .replace(/"durationMs": \d+/g, '"durationMs": 0')
    .replace(/"((?:semanticV|v)ersion)": "\d+\.\d+\.\d+[^"]*"(?=,\n {10})/g, '"$1": "<version>"')
    .replace(/\d{8}-[0-9a-f]{8,16}/g, '<approval>');
  const file = join(projectRoot, 'test/golden', `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, stable);
  }
  ok(existsSync(file), `${name} has no golden file; UPDATE_GOLDEN=1 npm test -- reports writes it`);
  is(stable, readFileSync(file, 'utf8'), name);
}
