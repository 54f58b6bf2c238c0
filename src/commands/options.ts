import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from '../model.ts';
import { nearest } from '../nearest.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses a command's arguments.
 * @throws UsageError for an unknown flag, a missing value, or more words than `words`
 */
export function readOptions<const T extends Options>(args: readonly string[], options: T, words: number) {
  for (const arg of args) {
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (arg === '--') break;
    if (name !== undefined && !Object.hasOwn(options, name)) {
      const meant = nearest(name, Object.keys(options));
      throw new UsageError(`there is no flag --${name}${meant ? `; did you mean --${meant}?` : ''}`, known(options));
    }
  }
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (parsed.positionals.length > words) throw new UsageError(`'${parsed.positionals[words]}' is one word too many`);
    return parsed;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message.split('. ')[0]!, known(options));
  }
}

function known(options: Options): string {
  const names = Object.keys(options).map((name) => `--${name}`);
  return names.length === 0 ? 'this command takes no flags' : `its flags: ${names.join(', ')}`;
}
