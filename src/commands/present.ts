import { appendFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { checksFor } from '../checks/of-changes.ts';
import type { Report } from '../model/index.ts';
import { isSilent, verdictOf } from '../report/contents.ts';
import { type Format, formats, writeReport } from '../report/index.ts';
import { pasteable } from './invocation.ts';
import { type Io, wantsColor, writeOutput } from './io.ts';
import type { Flags } from './options.ts';

/** What all that judge take. */
export const reportFlags = {
  format: {
    type: 'string',
    value: 'FORMAT',
    values: formats,
    means: `${formats.join(', ')}; default: github on GitHub Actions, else text`,
  },
  output: { type: 'string', value: 'FILE', means: 'write the report there instead of printing it' },
} as const satisfies Flags;

/** How a report is to be told. */
export interface Presentation {
  readonly format?: Format;
  readonly output?: string | undefined;
  /** A hook says nothing when it passes. */
  readonly quiet: boolean;
}

/**
 * Tells the report: on standard output, or in the file of `--output`. Annotations always go to standard output, where
 * alone the runner reads them, and the job summary gets what they have no room for.
 */
export async function present(io: Io, report: Report, { format = 'text', output, quiet }: Presentation): Promise<void> {
  const silent = isSilent(report);
  if (quiet && silent && output === undefined && (format === 'text' || format === 'github')) return;
  const color = output === undefined && wantsColor(io, io.stdout);
  const written = await writeReport(report, format, { color, checks: await checksFor(report.gate) });
  // What programs read keeps the usual words.
  const text = format === 'json' || format === 'sarif' ? written : await pasteable(written, io);
  if (output !== undefined) {
    await writeOutput(resolve(io.cwd, output), text);
    if (report.verdict !== 'pass') io.stderr.write(`protect: ${verdictOf(report)}; the report is in ${output}\n`);
  } else await print(io, text, format, silent);
  if (format !== 'github') return;
  const { annotations } = await import('../report/github.ts');
  (io.runner ?? io.stdout).write(annotations(report));
  await summarize(io, report);
}

/** For people on GitHub Actions the text is fenced, so that it can stay as it is. */
async function print(io: Io, text: string, format: Format, silent: boolean): Promise<void> {
  const isFenced = !silent && (format === 'github' || (format === 'text' && io.runner !== undefined));
  if (!isFenced) return void io.stdout.write(text);
  const { fenced } = await import('../report/github.ts');
  const { randomBytes } = await import('node:crypto');
  (io.runner ?? io.stdout).write(fenced(text, randomBytes(16).toString('hex')));
}

/** How much GitHub takes of one step. @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits */
const longestSummary = 1 << 20;

/** Appends the report to the summary of the job. Where that fails the verdict stands: the log has told it all. */
async function summarize(io: Io, report: Report): Promise<void> {
  const file = io.env['GITHUB_STEP_SUMMARY'];
  if (!file) return;
  const { markdownReport } = await import('../report/markdown.ts');
  try {
    const present = statSync(file);
    if (!present.isFile()) throw new Error(`${file} is not a file`);
    const text = `\n${markdownReport(report, longestSummary - present.size - 1)}`;
    if (present.size + Buffer.byteLength(text) > longestSummary) throw new Error('it is full');
    appendFileSync(file, text);
  } catch (error) {
    io.stderr.write(`protect: the job summary could not be written: ${(error as Error).message}\n`);
  }
}
