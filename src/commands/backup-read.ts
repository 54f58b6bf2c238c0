import { createReadStream } from 'node:fs';
import { access, constants, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decrypt, faultOf, identitiesIn } from '../backups/age.ts';
import { openFernet } from '../backups/fernet.ts';
import { type Manifest, parseManifest } from '../backups/manifest.ts';
import { Counter, unfinished } from '../backups/written.ts';
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
  const part = manifest?.parts.find((each) => each.file === basename(file));
  if (manifest !== null && part === undefined)
    throw new Undecided(
      `the manifest beside it, ${manifest.id}.json, names no ${basename(file)}`,
      'move one of the two elsewhere',
    );
  const order = {
    out: values.output === undefined ? null : resolve(io.cwd, values.output),
    expected: part?.plainSha256 ?? null,
  };
  if (order.out === file) throw new UsageError('-o names the backup itself', 'name another file');
  const { fernet, key: keyFile } = values;
  await named(order.out, async () => {
    if (fernet !== undefined) return readByFernet(file, fernet, order, io);
    const text = await readFile(resolve(io.cwd, keyFile!), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`${keyFile} cannot be read (${error.code})`);
    });
    if (text.includes('PRIVATE KEY-----')) return readBySsh(file, resolve(io.cwd, keyFile!), order, io);
    return write(await decrypt(createReadStream(file), identitiesIn(text), io.cwd), order, io);
  });
  if (order.out !== null) writeFingerprint(manifest, file, order.out, io);
  return exitCode.pass;
}

async function readByFernet(file: string, variable: string, order: Order, io: Io): Promise<void> {
  const key = io.env[variable];
  if (!key) throw new Undecided(`${variable} is not set`, `set ${variable} to the key`);
  await write(Readable.from([openFernet(await readFile(file), key)]), order, io);
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

/** Writes what comes to where it belongs, under another name as yet. @throws Undecided where it is not what was backed up */
async function write(plain: Readable, { out, expected }: Order, io: Io): Promise<void> {
  const counter = new Counter();
  const differs = 'it was opened, but its content is not what the manifest beside it says';
  try {
    if (out === null) {
      plain.on('error', (error) => counter.destroy(error));
      for await (const chunk of plain.pipe(counter))
        if (!io.stdout.write(chunk)) await new Promise((done) => io.stdout.once('drain', done));
    } else {
      const target = await open(unfinishedOf(out), 'wx', 0o600);
      await pipeline(plain, counter, target.createWriteStream({ flush: true }));
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof Undecided) throw error;
    if (code?.startsWith('E')) throw new Undecided(`it could not be written: ${message}`);
    throw new Undecided(faultOf(error));
  }
  if (expected === null || counter.counted().sha256 === expected) return;
  throw new Undecided(
    out === null ? differs : `${differs}; nothing was written`,
    out === null ? 'do not use what was written' : 'take another copy of this backup, or another backup',
  );
}

/** A file gets its name once all of it is there, and whatever made it has ended well; until then it is nobody's. */
async function named(out: string | null, make: () => Promise<void>): Promise<void> {
  if (out === null) return make();
  // A device that is moved over is gone for the whole machine.
  const there = await lookAt(out);
  if (there !== null && !there.isFile()) throw new UsageError(`${out} exists and is not a file`, 'name another one');
  try {
    await make();
    await rename(unfinishedOf(out), out);
  } catch (error) {
    await rm(unfinishedOf(out), { force: true });
    throw error;
  }
}

const unfinishedOf = (out: string) => `${out}.${process.pid}${unfinished}`;

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
