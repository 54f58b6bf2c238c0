import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { type AuditFormat, auditFormats, writeAudit } from '../audit/formats/index.ts';
import { audit as auditOf } from '../audit/index.ts';
import { exitCodeOfAudit } from '../audit/verdict.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { visible } from '../words/visible.ts';
import { type Io, writeOutput } from './io.ts';
import { worldOf } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { progressOn } from './progress.ts';

export const usage = {
  flags: {
    since: { type: 'string', value: 'REV|DATE', means: 'only what landed after that commit, or since that day' },
    branch: { type: 'string', value: 'NAME', means: 'a protected branch; default: the default branch' },
    after: { type: 'string', value: 'TIP', means: 'where an earlier audit ended: was history rewritten since?' },
    received: { type: 'string', value: 'FILE', means: "the server's log, which knows who pushed and when" },
    format: {
      type: 'string',
      value: 'FORMAT',
      values: auditFormats,
      means: `${auditFormats.join(', ')}; default: text`,
    },
    output: { type: 'string', value: 'FILE', means: 'write the audit there instead of printing it' },
  },
  example: 'npx git-protect audit --since 2026-10-01 --format html --output audit.html',
} as const satisfies Usage;

/** `protect audit`: what landed on a protected branch, who approved it, and what nothing covers. */
export async function audit(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const format = readAuditFormat(values.format);
  const repository = new Repository(io.cwd, io.env, 'location');
  const progress = io.stderr.isTTY === true ? progressOn(io) : null;
  try {
    const facts = await auditOf(repository, {
      branch: values.branch ?? null,
      since: values.since ?? null,
      after: values.after ?? null,
      received: values.received === undefined ? null : pieces(resolve(io.cwd, values.received), values.received),
      world: worldOf(io, false, (text) => progress?.tell(visible(text))),
    });
    progress?.end();
    const written = await writeAudit(facts, format);
    const code = exitCodeOfAudit(facts);
    if (values.output === undefined) io.stdout.write(written);
    else {
      await writeOutput(resolve(io.cwd, values.output), written);
      if (code !== exitCode.pass)
        io.stderr.write(`protect: not all is covered; the audit is in ${visible(values.output)}\n`);
    }
    return code;
  } finally {
    progress?.end();
    repository.close();
  }
}

function readAuditFormat(value: string | undefined): AuditFormat {
  const format = auditFormats.find((known) => known === (value ?? 'text'));
  if (format) return format;
  const meant = nearest(value!, auditFormats);
  throw new UsageError(
    `there is no format '${value}'${meant ? `; did you mean '${meant}'?` : ''}`,
    `one of ${auditFormats.join(', ')}`,
  );
}

/** @throws UsageError when the file cannot be read */
async function* pieces(path: string, named: string): AsyncIterable<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new UsageError(`${named} cannot be read: ${(error as Error).message}`);
  }
}
