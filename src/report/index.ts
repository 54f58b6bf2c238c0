import { type Report, UsageError } from '../model.ts';

/** The forms a report can take. */
export const formats = ['text', 'json'] as const;
export type Format = (typeof formats)[number];

/** @throws UsageError for a name that is none of them */
export function readFormat(name: string | undefined): Format {
  if (name === undefined) return 'text';
  if ((formats as readonly string[]).includes(name)) return name as Format;
  throw new UsageError(`--format is '${name}', expected one of ${formats.join(', ')}`);
}

/** Writes a report; each form is loaded only when it is used. */
export async function writeReport(report: Report, format: Format, color: boolean): Promise<string> {
  switch (format) {
    case 'text':
      return (await import('./text.ts')).textReport(report, color);
    case 'json':
      return (await import('./json.ts')).jsonReport(report);
  }
}
