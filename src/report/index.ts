import { type Report, UsageError } from '../model/index.ts';
import type { Declared } from './sarif.ts';

/** The forms a report can take. */
export const formats = ['text', 'json', 'github', 'sarif', 'markdown'] as const;
export type Format = (typeof formats)[number];

/**
 * The form that is asked for; where none is, `github` on GitHub Actions and `text` elsewhere.
 * @throws UsageError for a name that is none of them
 */
export function readFormat(name: string | undefined, env: NodeJS.ProcessEnv): Format {
  if (name === undefined) return env['GITHUB_ACTIONS'] === 'true' ? 'github' : 'text';
  if ((formats as readonly string[]).includes(name)) return name as Format;
  throw new UsageError(`--format is '${name}', expected one of ${formats.join(', ')}`);
}

/** Writes a report as it goes into a file; each form is loaded only when it is used. */
export async function writeReport(
  report: Report,
  format: Format,
  { color, checks }: { color: boolean; checks: readonly Declared[] },
): Promise<string> {
  switch (format) {
    case 'text':
    case 'github': // In a file nobody obeys commands, so it holds what people read.
      return (await import('./text.ts')).textReport(report, color);
    case 'json':
      return (await import('./json.ts')).jsonReport(report);
    case 'sarif': {
      const { packageVersion } = await import('../words/version.ts');
      return (await import('./sarif.ts')).sarifReport(report, checks, packageVersion());
    }
    case 'markdown':
      return (await import('./markdown.ts')).markdownReport(report);
  }
}
