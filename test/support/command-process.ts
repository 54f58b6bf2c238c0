import { Readable } from 'node:stream';
import { besideRunner, guarded } from '../../src/commands/guarded.ts';
import type { Io } from '../../src/commands/io.ts';
import { main } from '../../src/commands/main.ts';
import { serveHooks } from './hook-requests.ts';
import { inTurn, Kept } from './one-at-a-time.ts';
import type { Answer, Order } from './staying-process.ts';

/** Runs commands one after the other, in one process that stays: see staying-process.ts. And hooks: see staying-hooks.ts. */
process.on('message', async ({ cwd, env, input, args }: Order) => {
  const answer = await inTurn(cwd, env, async (): Promise<Answer> => {
    const [stdout, stderr] = [new Kept(), new Kept()];
    const io: Io = besideRunner({
      cwd: process.cwd(),
      env: process.env,
      stdin: Readable.from([Buffer.from(input)]),
      stdout,
      stderr,
      signal: new AbortController().signal,
      now: () => new Date(),
      userId: () => process.geteuid?.() ?? null,
    });
    const code = await guarded(io, () => main(args, io));
    return { code, stdout: Buffer.concat(stdout.chunks), stderr: Buffer.concat(stderr.chunks) };
  });
  process.send!(answer);
});

const [, , pipes] = process.argv;
if (pipes !== undefined) serveHooks(JSON.parse(pipes));
