import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { equal, is } from 'uvu/assert';
import { breakLock, takeLock } from '../src/machine/lock.ts';
import { suite } from './support/suite.ts';
import { environment, folder } from './support/world.ts';

const test = suite('lock');

const lockFile = pathToFileURL(fileURLToPath(new URL('../src/machine/lock.js', import.meta.url))).href;

/** Each run enters, looks whether another is inside, stays a while, and leaves. */
function contender(commonDir: string, log: string): Promise<number | null> {
  const code = `
    import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
    const { alone } = await import(${JSON.stringify(lockFile)});
    await alone({ lock: ${JSON.stringify(join(commonDir, 'protect/wiring.lock'))}, doing: 'at it' }, async () => {
      const inside = ${JSON.stringify(join(commonDir, 'inside'))};
      appendFileSync(${JSON.stringify(log)}, existsSync(inside) ? 'two inside\\n' : 'alone\\n');
      writeFileSync(inside, '');
      await new Promise((done) => setTimeout(done, 20));
      rmSync(inside, { force: true });
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { env: environment() });
  return new Promise((done) => child.on('close', done));
}

/** What a run that was killed has left. */
async function deadOwner(): Promise<string> {
  const child = spawn(process.execPath, ['-e', '0'], { env: environment() });
  await new Promise((done) => child.on('close', done));
  return `${child.pid} 0123456789abcdef`;
}

test('one at a time, and a dead owner is succeeded by one', async () => {
  for (const chain of [0, 1, 2]) {
    const commonDir = folder('common');
    const log = join(commonDir, 'log');
    mkdirSync(join(commonDir, 'protect'));
    const lock = join(commonDir, 'protect/wiring.lock');
    if (chain > 0) writeFileSync(lock, await deadOwner());
    // The one that came after the dead one was killed as well.
    if (chain > 1) writeFileSync(`${lock}.after.0123456789abcdef`, (await deadOwner()).replace('0123', '4567'));
    equal(await Promise.all(Array.from({ length: 8 }, () => contender(commonDir, log))), Array(8).fill(0));
    equal(readFileSync(log, 'utf8'), 'alone\n'.repeat(8));
    equal(readdirSync(join(commonDir, 'protect')), [], 'nothing is left');
  }
});

test('what a killed run left half written is named after a while, not broken into', async () => {
  const commonDir = folder('common');
  mkdirSync(join(commonDir, 'protect'));
  writeFileSync(join(commonDir, 'protect/wiring.lock'), '');
  const child = contender(commonDir, join(commonDir, 'log'));
  const first = await Promise.race([child, new Promise((done) => setTimeout(() => done('waits'), 500))]);
  is(first, 'waits');
  is(existsSync(join(commonDir, 'log')), false);
  writeFileSync(join(commonDir, 'protect/wiring.lock'), await deadOwner());
  is(await child, 0, 'and goes on when it is known to be dead');
});

test('a run killed while it takes the lock leaves nothing that others wait for', async () => {
  const commonDir = folder('common');
  mkdirSync(join(commonDir, 'protect'));
  const dead = (await deadOwner()).split(' ');
  writeFileSync(join(commonDir, `protect/wiring.lock.new.${dead[0]}.${dead[1]}`), '');
  is(await contender(commonDir, join(commonDir, 'log')), 0);
  equal(readdirSync(join(commonDir, 'protect')), [], 'what was begun is gone, too');
});

test('a process that got the id of the dead one has no lock; one of another machine may have it', async () => {
  const commonDir = folder('common');
  mkdirSync(join(commonDir, 'protect'));
  const lock = join(commonDir, 'protect/wiring.lock');
  const held = await takeLock(lock);
  const [pid, mark, host, birth] = readFileSync(lock, 'utf8').split(' ') as [string, string, string, string];
  await held!.release();
  for (const [text, has] of [
    [`${pid} ${mark}`, true],
    [`${pid} ${mark} ${host} ${birth}`, true],
    [`${pid} ${mark} ${host} ${birth === '-' ? '-' : `${birth}1`}`, birth === '-'],
    ['999999999 0123456789abcdef 00000000 -', true],
    [`999999999 0123456789abcdef ${host} -`, false],
  ] as const) {
    writeFileSync(lock, text);
    const mine = await takeLock(lock);
    is(mine === null, has, text);
    await mine?.release();
    await breakLock(lock);
  }
});
