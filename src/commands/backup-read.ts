import { createReadStream } from 'node:fs';
import { access, constants, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decrypt, faultOf, identitiesIn } from '../backups/age.ts';
import { openFernet } from '../backups/fernet.ts';
import { type Manifest, parseManifest } from '../backups/manifest.ts';
import { Counter } from '../backups/written.ts';
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
  const manifest = await manifestBeside(file);
  const order = {
    out: values.output === undefined ? null : resolve(io.cwd, values.output),
    expected: manifest?.parts.find((part) => part.file === basename(file))?.plainSha256 ?? null,
  };
  if (values.fernet !== undefined) {
    const key = io.env[values.fernet];
    if (!key) throw new Undecided(`${values.fernet} is not set`, `set ${values.fernet} to the key`);
    await write(Readable.from([openFernet(await readFile(file), key)]), order, io);
    return exitCode.pass;
  }
  const text = await readFile(resolve(io.cwd, values.key!), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${values.key} cannot be read (${error.code})`);
  });
  if (text.includes('PRIVATE KEY-----')) await readBySsh(file, resolve(io.cwd, values.key!), order, io);
  else await write(await decrypt(createReadStream(file), identitiesIn(text), io.cwd), order, io);
  if (order.out !== null) writeFingerprint(manifest, file, order.out, io);
  return exitCode.pass;
}

interface Order {
  /** Null: standard output. */
  readonly out: string | null;
  /** What the manifest beside the file says of its content; null: there is none. */
  readonly expected: string | null;
}

/** A private key of SSH is read by `age` itself, which asks for its passphrase on the terminal. */
async function readBySsh(file: string, key: string, order: Order, io: Io): Promise<void> {
  const options = { cwd: io.cwd, env: io.env, timeout: 6 * 3_600_000, signal: io.signal };
  await pipe(['age', '--decrypt', '--identity', key, '--', file], options, ({ stdout, stdin }) => {
    stdin.end();
    return write(stdout, order, io);
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
async function write(plain: Readable, { out, expected }: Order, io: Io): Promise<void> {
  const counter = new Counter();
  const isWhole = () => expected === null || counter.counted().sha256 === expected;
  const differs = 'it was opened, but its content is not what the manifest beside it says';
  try {
    if (out === null) {
      plain.on('error', (error) => counter.destroy(error));
      for await (const chunk of plain.pipe(counter))
        if (!io.stdout.write(chunk)) await new Promise((done) => io.stdout.once('drain', done));
      if (!isWhole()) throw new Undecided(differs, 'do not use what was written');
      return;
    }
    // A device that is moved over is gone for the whole machine.
    const there = await lookAt(out);
    if (there !== null && !there.isFile()) throw new UsageError(`${out} exists and is not a file`, 'name another one');
    const beside = `${out}.partial`;
    await rm(beside, { force: true });
    const target = await open(beside, 'wx', 0o600);
    await pipeline(plain, counter, target.createWriteStream({ flush: true }));
    if (!isWhole()) {
      await rm(beside, { force: true });
      throw new Undecided(`${differs}; nothing was written`, 'take another copy of this backup, or another backup');
    }
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

/** The manifest of the backup that a file is a part of; null: it is not beside it. */
async function manifestBeside(file: string): Promise<Manifest | null> {
  const [, id] = /^(.+)\.(?:dump|sql\.gz|tar\.gz)\.age$/.exec(basename(file)) ?? [];
  if (id === undefined) return null;
  const text = await readFile(join(dirname(file), `${id}.json`), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : parseManifest(text, `${id}.json`);
}

/** A dump that is opened gets its fingerprint beside it, so that `db restore` takes it. */
function writeFingerprint(manifest: Manifest | null, file: string, out: string, io: Io): void {
  if (manifest === null || manifest.baseline === null || !file.endsWith('.dump.age')) return;
  writeBaseline(baselineBeside(out), manifest.baseline as Baseline);
  io.stderr.write(`its fingerprint is beside it: ${baselineBeside(out)}\n`);
}
