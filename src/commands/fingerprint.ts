import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { exitCode, UsageError } from '../model/index.ts';
import { fingerprint as make } from '../readers/variables/fingerprint.ts';
import { isEmpty, largestEnvironment, parseEnvironment } from '../readers/variables/parse.ts';
import { visible } from '../words/visible.ts';
import { type Io, readAll } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'NAME',
  flags: {
    'env-file': { type: 'string', value: 'FILE', means: 'a .env file to read it from; default: the environment' },
  },
  example: 'npx git-protect fingerprint BACKUP_ENCRYPTION_KEY --env-file .env.production',
} as const satisfies Usage;

const variable = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Characters below which a value can be found by trying. */
const guessable = 8;

/** `protect fingerprint NAME`: the line of the policy that pins a variable to the value it has now. */
export async function fingerprint(args: readonly string[], io: Io): Promise<number> {
  const { name, file } = readArguments(args);
  const where = file === undefined ? 'in the environment' : `in ${file}`;
  const own = Object.hasOwn(io.env, name) ? io.env[name] : undefined;
  const value = file === undefined ? own : (await readVariables(file, io)).get(name);
  if (value === undefined || isEmpty(value))
    throw new UsageError(
      `${name} is ${value === undefined ? 'not set' : 'empty'} ${where}`,
      file === undefined ? 'set it, or name a .env file: --env-file FILE' : `set ${name} there`,
    );
  if ([...value].length < guessable)
    io.stderr.write(`warning: ${name} has fewer than ${guessable} characters; whoever reads the policy can guess it\n`);
  io.stdout.write(`${key(name)}: { fingerprint: "${await make(name, value)}" }\n`);
  return exitCode.pass;
}

/** Nothing that could be a value is repeated on the screen: it would end up in logs. */
function readArguments(args: readonly string[]): { name: string; file: string | undefined } {
  const words = args.filter((arg, at) => arg !== '--env-file' && args[at - 1] !== '--env-file');
  const names = words.filter((word) => !word.startsWith('--env-file='));
  const [name] = names;
  if (name === undefined) throw new UsageError('which variable?', usage.example);
  if (names.length > 1 || !variable.test(name))
    throw new UsageError(
      'it takes the name of one variable; a value is never given as an argument, where the history of the shell keeps it',
      usage.example,
    );
  const { values } = readOptions(args, usage.flags, 1);
  return { name, file: values['env-file'] };
}

async function readVariables(file: string, io: Io): Promise<ReadonlyMap<string, string>> {
  try {
    return parseEnvironment(await readAll(createReadStream(resolve(io.cwd, file)), largestEnvironment));
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file} is larger than ${largestEnvironment} bytes`);
    throw new UsageError(
      `${visible(file)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
    );
  }
}

/** As YAML takes it for a text: `NULL` and `ON` would be something else. */
function key(name: string): string {
  return /^(?:null|true|false|yes|no|on|off|y|n)$/i.test(name) ? `"${name}"` : name;
}
