import { homedir } from 'node:os';
import { once } from '../context/once.ts';
import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import type { Ailment, Clone } from '../install/doctor/diagnosis.ts';
import { diagnoses } from '../install/doctor/index.ts';
import { hooksFolder } from '../install/folder.ts';
import { readOptional } from '../install/plan.ts';
import { detectAgent } from '../machine/agent.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { painter } from '../report/paint.ts';
import { findingLines } from '../report/text.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import { pasteable } from './invocation.ts';
import { type Io, wantsColor } from './io.ts';
import { readOptions, type Usage } from './options.ts';

interface Found extends Ailment {
  readonly id: string;
}

interface Examination {
  readonly found: readonly Found[];
  /** What could not be looked at. */
  readonly unseen: readonly { readonly id: string; readonly message: string; readonly help: string | undefined }[];
}

export const usage = {
  flags: {
    fix: { type: 'boolean', means: 'fix what is safe to fix' },
    format: { type: 'string', value: 'FORMAT', values: ['text', 'json'], means: 'text or json; default: text' },
  },
  example: 'npx git-protect doctor --fix',
} as const satisfies Usage;

/** `protect doctor`: every reason why a hook would not run or a gate would not bind, and what helps. */
export async function doctor(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const { format = 'text' } = values;
  if (format !== 'text' && format !== 'json') throw new UsageError(`--format is '${format}', expected text or json`);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    let examination = await examine(await cloneHere(repository, io));
    const mended: Found[] = [];
    if (values.fix) {
      mended.push(...(await mend(examination.found, io)));
      if (mended.length > 0) examination = await examine(await cloneHere(repository, io));
    }
    const words =
      format === 'json'
        ? asJson(examination, mended)
        : await pasteable(asText(examination, mended, wantsColor(io, io.stdout)), io);
    io.stdout.write(words);
    if (examination.found.some(({ severity }) => severity === 'error')) return exitCode.refused;
    return examination.unseen.length > 0 ? exitCode.undecided : exitCode.pass;
  } finally {
    repository.close();
  }
}

/** The clone as it is now: what is asked of Git is asked once. */
async function cloneHere(repository: Repository, io: Io): Promise<Clone> {
  const { topLevel, ...layout } = await repository.layout();
  if (topLevel === null) throw new UsageError('a bare repository runs no hooks of a clone', 'run this in a clone');
  const home = io.env['HOME'] || homedir();
  return {
    repository,
    layout: { ...layout, topLevel },
    env: io.env,
    cwd: io.cwd,
    home,
    agent: detectAgent(io.env),
    signal: io.signal,
    hooks: once(() => hooksFolder(repository)),
    policy: once(() => policyHereIfAny(repository)),
    read: readOptional,
  };
}

async function examine(clone: Clone): Promise<Examination> {
  const found: Found[] = [];
  const unseen: Examination['unseen'][number][] = [];
  for (const { id, look } of diagnoses)
    try {
      found.push(...(await look(clone)).map((ailment) => ({ ...ailment, id })));
    } catch (error) {
      if (error instanceof UsageError) {
        const { message, help = 'npx git-protect wire' } = error;
        // Several look at the same thing; it is told once.
        if (!found.some((other) => other.message === message)) found.push({ id, severity: 'error', message, help });
      } else if (error instanceof Undecided) unseen.push({ id, message: error.message, help: error.help });
      else throw error;
    }
  return { found, unseen };
}

/** Mends what can be mended; the same cure is given once. Returns what it helped for. */
async function mend(found: readonly Found[], io: Io): Promise<Found[]> {
  const given = new Map<string, boolean>();
  const mended: Found[] = [];
  for (const ailment of found) {
    if (!ailment.mend) continue;
    if (!given.has(ailment.help)) given.set(ailment.help, await helps(ailment.mend, io));
    if (given.get(ailment.help)) mended.push(ailment);
  }
  return mended;
}

/** A cure that does not help says why, and what is wrong stays in the report. */
async function helps(cure: NonNullable<Ailment['mend']>, io: Io): Promise<boolean> {
  try {
    await cure();
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`protect: ${visible(error.message)}\n`);
    return false;
  }
}

function asJson({ found, unseen }: Examination, mended: readonly Found[]): string {
  const plain = ({ id, severity, message, path, help, mend: cure }: Found) => ({
    id,
    severity,
    message,
    ...(path === undefined ? {} : { path }),
    help,
    mends: cure !== undefined,
  });
  const healthy = unseen.length === 0 && !found.some(({ severity }) => severity === 'error');
  return `${JSON.stringify({ version: 1, healthy, found: found.map(plain), mended: mended.map(plain), unseen }, null, 2)}\n`;
}

function asText({ found, unseen }: Examination, mended: readonly Found[], color: boolean): string {
  const paint = painter(color);
  const lines = mended
    .filter(({ message }) => !found.some((still) => still.message === message))
    .map(({ id, message }) => `${paint.green(`fixed[${id}]`)} ${visible(message)}`);
  for (const severity of ['error', 'warning'] as const) {
    const same = found.filter((ailment) => ailment.severity === severity);
    for (const [index, ailment] of same.entries())
      lines.push(...findingLines(ailment.id, ailment, same[index + 1], paint));
  }
  for (const { id, message, help } of unseen)
    lines.push(
      `${paint.magenta(`undecided[${id}]`)} ${visible(message)}`,
      ...(help === undefined ? [] : [`  help: ${visible(help)}`]),
    );
  const count = (severity: string) => {
    const n = found.filter((ailment) => ailment.severity === severity).length;
    return `${n} ${severity}${n === 1 ? '' : 's'}`;
  };
  const curable = found.filter((ailment) => ailment.mend).length;
  const hint = curable > 0 ? `; ${curable} can be fixed: npx git-protect doctor --fix` : '';
  if (found.length + unseen.length === 0)
    lines.push(`${paint.green('protect: all is well')} (${diagnoses.length} things looked at)`);
  else lines.push(`protect: ${count('error')}, ${count('warning')}${hint}`);
  return `${lines.join('\n')}\n`;
}
