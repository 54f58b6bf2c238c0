import { Readable, Writable } from 'node:stream';
import { besideRunner, guarded } from '../../src/commands/guarded.ts';
import type { Io } from '../../src/commands/io.ts';
import { main } from '../../src/commands/main.ts';
import type { Answer, Order } from './staying-process.ts';

/** Runs commands one after the other, in one process that stays: see staying-process.ts. */
class Kept extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: string | Buffer, _: unknown, next: () => void): void {
    this.chunks.push(Buffer.from(chunk as string));
    next();
  }
}

const outside = process.cwd();

process.on('message', async ({ cwd, env, input, args }: Order) => {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
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
  process.chdir(outside);
  const answer: Answer = { code, stdout: Buffer.concat(stdout.chunks), stderr: Buffer.concat(stderr.chunks) };
  process.send!(answer);
});
