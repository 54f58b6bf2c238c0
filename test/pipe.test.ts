import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { is, match } from 'uvu/assert';
import { pipe } from '../src/machine/pipe.ts';
import { suite } from './support/suite.ts';

const test = suite('pipe');

const options = { cwd: '/', env: { PATH: process.env['PATH'] }, timeout: 60_000, signal: new AbortController().signal };
const node = (code: string) => [process.execPath, '-e', code] as [string, ...string[]];

async function digest(chunks: AsyncIterable<Buffer>): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of chunks) sum.update(chunk);
  return sum.digest('hex');
}

test('what a program wrote is there to the byte, however late it is read', async () => {
  for (const size of [5, 65_536, 3_000_000]) {
    const program = node(`process.stdout.write(Buffer.alloc(${size}, 'abc'))`);
    const { value } = await pipe(program, options, async ({ stdout }) => {
      // Long enough for a program that needs nobody to have ended.
      await sleep(300);
      return digest(stdout);
    });
    const whole = createHash('sha256').update(Buffer.alloc(size, 'abc')).digest('hex');
    is(value, whole, String(size));
  }
});

test('nothing hangs: where nobody reads to the end, where reading fails, and where the program waits', async () => {
  const writes = node("process.stdout.write(Buffer.alloc(3_000_000, 'a'))");
  is((await pipe(writes, options, async () => 'unread')).value, 'unread');
  const fault = async () => {
    throw new Error('the disk is full');
  };
  match((await pipe(writes, options, fault).catch(String)) as string, 'the disk is full');
  const fails = node("process.stdout.write('half'); process.stderr.write('no such table'); process.exitCode = 3");
  match(
    (await pipe(fails, options, ({ stdout }) => digest(stdout)).catch(String)) as string,
    'ended with 3: no such table',
  );
  const waits = node("process.stdout.write('half'); setTimeout(() => {}, 60_000)");
  const late = pipe(waits, { ...options, timeout: 300 }, ({ stdout }) => digest(stdout));
  match((await late.catch(String)) as string, 'took longer than');
  const stdin = pipe(node('process.stdin.pipe(process.stdout)'), options, async ({ stdin, stdout }) => {
    stdin.end('to and fro');
    return digest(stdout);
  });
  is((await stdin).value, createHash('sha256').update('to and fro').digest('hex'));
});
