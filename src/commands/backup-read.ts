import { createReadStream } from 'node:fs';
import { access, constants, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decrypt, faultOf, identitiesIn } from '../backups/age.ts';
import { openFernet } from '../backups/fernet.ts';
import { parseManifest } from '../backups/manifest.ts';
import { baselineBeside } from '../databases/dump.ts';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import { writeBaseline } from '../databases/fingerprint/store.ts';
import { lookAt } from '../machine/look.ts';
import { pipe } from '../machine/pipe.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'FILE',
  flags: {
    key: { type: 'string', value: 'FILE', means: 'an age key, or an SSH private key, which `age` on PATH reads' },
    output: { type: 'string', short: 'o', value: 'FILE', means: 'write it there; default: standard output' },
    fernet: {
      type: 'string',
      value: 'VARIABLE',
      means: 'the file is an old Fernet file, and this variable holds its key',
    },
  },
  example: 'npx git-protect backup read .backups/shop_production_20261120T020000Z.dump.age --key key.txt -o shop.dump',
} as const satisfies Usage;

/** `protect backup read`: what a file of a backup holds. */
export async function backupRead(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const [name] = positionals;
  if (name === undefined) throw new UsageError('which file?', usage.example);
  if ((values.key === undefined) === (values.fernet === undefined))
    throw new UsageError('name the key: --key FILE, or for an old file --fernet VARIABLE', usage.example);
  const file = resolve(io.cwd, name);
  await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${name} cannot be read (${error.code})`);
  });
  const out = values.output === undefined ? null : resolve(io.cwd, values.output);
  if (values.fernet !== undefined) {
    const key = io.env[values.fernet];
    if (!key) throw new Undecided(`${values.fernet} is not set`, `set ${values.fernet} to the key`);
    await write(Readable.from([openFernet(await readFile(file), key)]), out, io);
    return exitCode.pass;
  }
  const text = await readFile(resolve(io.cwd, values.key!), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${values.key} cannot be read (${error.code})`);
  });
  if (text.includes('PRIVATE KEY-----')) await readBySsh(file, resolve(io.cwd, values.key!), out, io);
  else await write(await decrypt(createReadStream(file), identitiesIn(text), io.cwd), out, io);
  if (out !== null) await writeFingerprint(file, out, io);
  return exitCode.pass;
}

/** A private key of SSH is read by `age` itself, which asks for its passphrase on the terminal. */
async function readBySsh(file: string, key: string, out: string | null, io: Io): Promise<void> {
  const options = { cwd: io.cwd, env: io.env, timeout: 6 * 3_600_000, signal: io.signal };
  await pipe(['age', '--decrypt', '--identity', key, '--', file], options, ({ stdout, stdin }) => {
    stdin.end();
    return write(stdout, out, io);
  }).catch((error: unknown) => {
    if (error instanceof Undecided && error.message.includes('not on PATH'))
      throw new Undecided(
        'a private key of SSH is read by age, which is not on PATH',
        'install it: https://github.com/FiloSottile/age',
      );
    throw error;
  });
}

/** A file gets its name once all of it is there. */
async function write(plain: Readable, out: string | null, io: Io): Promise<void> {
  try {
    if (out === null) {
      for await (const chunk of plain)
        if (!io.stdout.write(chunk)) await new Promise((done) => io.stdout.once('drain', done));
      return;
    }
    // A device that is moved over is gone for the whole machine.
    const there = await lookAt(out);
    if (there !== null && !there.isFile()) throw new UsageError(`${out} exists and is not a file`, 'name another one');
    const beside = `${out}.partial`;
    await rm(beside, { force: true });
    const target = await open(beside, 'wx', 0o600);
    await pipeline(plain, target.createWriteStream({ flush: true }));
    await rename(beside, out);
  } catch (error) {
    if (
      error instanceof Undecided ||
      error instanceof UsageError ||
      (error as NodeJS.ErrnoException).code?.startsWith('E')
    )
      throw error;
    throw new Undecided(faultOf(error));
  }
}

/** A dump that is opened gets its fingerprint beside it, so that `db restore` takes it. */
async function writeFingerprint(file: string, out: string, io: Io): Promise<void> {
  const name = basename(file).replace(/\.dump\.age$/, '.json');
  if (!name.endsWith('.json')) return;
  const text = await readFile(join(dirname(file), name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return;
  const { baseline } = parseManifest(text, name);
  if (baseline === null) return;
  writeBaseline(baselineBeside(out), baseline as Baseline);
  io.stderr.write(`its fingerprint is beside it: ${baselineBeside(out)}\n`);
}
