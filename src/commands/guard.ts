import { unreadable } from '../guard/answer.ts';
import { type Command, limits, type ToolCall, UnreadableCall } from '../guard/call.ts';
import { decide, verdictsOn } from '../guard/decide.ts';
import { hostOf, hosts } from '../guard/hosts/index.ts';
import { readLog } from '../guard/log.ts';
import { placeOf } from '../guard/place.ts';
import { readCall } from '../guard/read-call.ts';
import { withoutSecrets } from '../guard/secrets.ts';
import type { Verdict } from '../guard/verdict.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { type Io, readInput } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: {
    host: {
      type: 'string',
      value: 'NAME',
      means: 'judge one call of an agent, such as claude, codex or cursor, on standard input',
    },
    explain: {
      type: 'string',
      value: 'COMMAND',
      means: 'say what the guard makes of a command, part by part; it is not run',
    },
    log: { type: 'boolean', means: 'show what was refused in this clone' },
  },
  example: "npx git-protect guard --explain 'git push origin +main'",
} as const satisfies Usage;

/** `protect guard`: judges a tool call of an AI agent by what it would do. */
export async function guard(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const wanted = [values.host, values.explain, values.log].filter((value) => value !== undefined);
  if (wanted.length !== 1) throw new UsageError('guard takes one of --host, --explain and --log', usage.example);
  if (values.log) return showLog(io);
  if (values.explain !== undefined) return explained(values.explain, io);
  const host = hostOf(values.host!);
  if (host === null)
    throw new UsageError(`--host is '${values.host}', expected ${hosts.map(({ name }) => name).join(', ')}`);
  try {
    const { call, shape } = readCall(await readInput(io, limits.payload + 1), host);
    return written(await decide(call, { named: host, shape }, call.cwd ?? io.cwd, io.env), io);
  } catch (error) {
    if (error instanceof UnreadableCall || error instanceof UsageError)
      return written(unreadable(host, error.message), io);
    throw error;
  }
}

function written({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }, io: Io): number {
  if (stdout !== '') io.stdout.write(stdout);
  if (stderr !== '') io.stderr.write(stderr);
  return code;
}

/** `--explain`: 0 where it passes, 1 where it is refused. */
async function explained(text: string, io: Io): Promise<number> {
  const shell: Command['shell'] = 'posix';
  if (Buffer.byteLength(text) > limits.command)
    throw new UsageError(`the command is longer than ${limits.command >> 10} KiB`, 'split it');
  const call: ToolCall = {
    tool: 'explain',
    cwd: io.cwd,
    commands: [{ text, shell }],
    edits: [],
    texts: [text],
    isRemote: false,
  };
  const verdicts = await verdictsOn(call, io.cwd, io.env).catch((error: Error) => {
    if (error instanceof RangeError)
      return [
        { text, refusals: [{ kind: 'unclear', part: text, message: error.message, help: 'split it' }] },
      ] as Verdict[];
    throw error;
  });
  let isRefused = false;
  for (const { text: part, refusals } of verdicts) {
    const grave = refusals.filter(({ isNote }) => isNote !== true);
    isRefused ||= grave.length > 0;
    io.stdout.write(`${grave.length > 0 ? 'refused' : 'passes '}  ${shown(part)}\n`);
    for (const { kind, message, help, isNote } of refusals)
      io.stdout.write(`         ${isNote ? 'note' : kind}: ${shown(message)}\n         help: ${shown(help)}\n`);
  }
  io.stdout.write(
    `${isRefused ? 'an agent may not run this' : 'an agent may run this, as far as the guard goes'}; nothing was run\n`,
  );
  return isRefused ? exitCode.refused : exitCode.pass;
}

const shown = (text: string) => visible(withoutSecrets(text)).replace(/\s*\n\s*/g, ' ⏎ ');

function showLog(io: Io): number {
  const place = placeOf(io.cwd);
  if (place === null) throw new UsageError('this is not a Git repository', 'run it in a clone');
  const entries = readLog(place.gitDir);
  for (const { at, host, kind, message, part } of entries)
    io.stdout.write(visible(`${at}  ${host}  ${kind}: ${message}\n  ${part.replace(/\s*\n\s*/g, ' ⏎ ')}\n`));
  if (entries.length === 0) io.stderr.write('nothing was refused here\n');
  return exitCode.pass;
}
