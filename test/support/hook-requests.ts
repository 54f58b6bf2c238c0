import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { besideRunner, guarded } from '../../src/commands/guarded.ts';
import { hook } from '../../src/commands/hook.ts';
import { foldersOf } from '../../src/git/plain-files.ts';
import { startEarly } from '../../src/git/process.ts';
import { indexSignature, passesAgain } from '../../src/judge/remembered.ts';
import { inTurn, isFree, Kept } from './one-at-a-time.ts';
import type { HookPipes } from './staying-process.ts';

/** A hook as its process would find itself. */
interface Request {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its standard input. */
  readonly input: number;
}

/** For the shell that asks: it starts Node. */
const goOn = '';

/** Gates that a process of its own has answered for in this test process. */
const tried = new Set<string>();

/** Answers hooks: see staying-hooks.ts. */
export function serveHooks({ requests, answer, busy }: HookPipes): void {
  // For writing too, or it would end with the first that asks.
  const file = openSync(requests, constants.O_RDWR | constants.O_NONBLOCK);
  createInterface(new Socket({ fd: file, writable: false })).on('line', async (pid) => {
    const request = isFree() ? requestOf(pid) : null;
    await reply(answer, pid, request === null ? goOn : await judge(request));
    // Who has not seen the end of it would read on in the answer to the next one.
    while (isOpen(answer)) await setTimeout(1);
    unlinkSync(busy);
  });
  process.on('disconnect', () => process.exit());
}

/** Who asks waits, so the system tells all about it, to the byte. Null: that hook needs a process of its own. */
function requestOf(pid: string): Request | null {
  const parts = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1);
  const stream = (number: number) => `/proc/${pid}/fd/${number}`;
  try {
    const [, , , ...words] = parts('cmdline');
    const env = Object.fromEntries(parts('environ').map((pair) => /^([^=]*)=(.*)$/s.exec(pair)!.slice(1)));
    const isFirst = !tried.has(words[0]!);
    tried.add(words[0]!);
    const isRead = (name: string) => /^NODE_(?!V8_COVERAGE)|^PROTECT_EXTRA_CA_CERTS$/.test(name);
    const isTerminal = (number: number) => /^\/dev\/(?!null$|shm\/)/.test(readlinkSync(stream(number)));
    // What Node reads when it starts is about a process too.
    if (isFirst || Object.keys(env).some(isRead) || [0, 1, 2].some(isTerminal)) return null;
    return { words, cwd: readlinkSync(`/proc/${pid}/cwd`), env, input: openSync(stream(0), 'r') };
  } catch {
    return null; // A stream is closed, or a socket, which nobody else can open; or whoever asked was stopped.
  }
}

/** As hook.ts and hook-process.ts do it. Returns what the shell is to do in its place. */
async function judge({ words, cwd, env, input }: Request): Promise<string> {
  let script = '';
  const stream = (number: number) =>
    new Kept((chunk) => {
      script += `printf '${quoted(chunk)}' >&${number}\n`;
    });
  const [stdout, stderr] = [stream(1), stream(2)];
  const code = await inTurn(cwd, env, async () => {
    const folders = foldersOf(process.cwd(), process.env);
    if (folders !== null && passesAgain(words, folders, process.cwd(), process.env)) return 0;
    const index = words[0] === 'pre-commit' ? indexSignature(process.cwd(), process.env) : null;
    const early = startEarly(words[0], process.cwd(), process.env);
    const io = besideRunner({
      cwd: process.cwd(),
      env: process.env,
      get stdin() {
        return createReadStream('', { fd: input, autoClose: false });
      },
      stdout,
      stderr,
      input,
      early,
      index,
      signal: new AbortController().signal,
      now: () => new Date(),
      userId: () => process.geteuid?.() ?? null,
    });
    return guarded(io, () => hook(words, io));
  });
  closeSync(input);
  return `${script}exit ${code}\n`;
}

/** Any bytes as a format of printf between quotes. */
function quoted(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\w \n.,:;/()]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** Does somebody still read there? */
function isOpen(pipe: string): boolean {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
    throw error;
  }
}

async function reply(answer: string, pid: string, script: string): Promise<void> {
  for (;;)
    try {
      const file = openSync(answer, constants.O_WRONLY | constants.O_NONBLOCK);
      const pipe = new Socket({ fd: file, readable: false });
      return await new Promise((done) => pipe.on('close', () => done()).end(script));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      // Nobody listens: not yet, or no more, as whoever asked was stopped.
      if (!existsSync(`/proc/${pid}`)) return;
      await setTimeout(1);
    }
}
