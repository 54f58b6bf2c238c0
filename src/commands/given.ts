import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { limits } from '../approvals/statement.ts';
import { UsageError } from '../model/index.ts';
import { type Io, readAll } from './io.ts';

/**
 * What somebody hands over as a token, the name of a file, or `-` for standard input.
 * @param open takes the content out of a token
 * @throws UsageError when it cannot be read or the token is not whole
 */
export async function readContent(given: string, io: Io, open: (token: string) => Buffer): Promise<Buffer> {
  const bytes = given.startsWith('pt1_')
    ? Buffer.from(given)
    : given === '-'
      ? await readAll(io.stdin, limits.file * 2)
      : await readGiven(resolve(io.cwd, given));
  const text = bytes.toString('latin1').trim();
  if (!text.startsWith('pt1_')) return bytes;
  try {
    return open(text);
  } catch (error) {
    throw new UsageError(`the token ${(error as Error).message}`, 'copy it again, from pt1_ to its end');
  }
}

/** @throws UsageError when the file cannot be read */
export async function readGiven(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
