import { realpathSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { type MessagePort, workerData } from 'node:worker_threads';
import { besideRunner, guarded } from '../../src/commands/guarded.ts';
import type { Io } from '../../src/commands/io.ts';
import { main } from '../../src/commands/main.ts';
import type { Answer, Order } from './in-process.ts';

/** Runs commands one after the other, in one thread that stays: see in-process.ts. */
const { port, done } = workerData as { port: MessagePort; done: Int32Array };

class Kept extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: string | Buffer, _: unknown, next: () => void): void {
    this.chunks.push(Buffer.from(chunk as string));
    next();
  }
}

port.on('message', async ({ cwd, env, input, args }: Order) => {
  const [stdout, stderr] = [new Kept(), new Kept()];
  const io: Io = besideRunner({
    cwd: realpathSync(cwd),
    env,
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
    signal: new AbortController().signal,
    now: () => new Date(),
    userId: () => process.geteuid?.() ?? null,
  });
  const code = await guarded(io, () => main(args, io));
  const answer: Answer = { code, stdout: Buffer.concat(stdout.chunks), stderr: Buffer.concat(stderr.chunks) };
  port.postMessage(answer);
  Atomics.add(done, 0, 1);
  Atomics.notify(done, 0);
});
