import { createInterface } from 'node:readline/promises';
import type { Io } from './io.ts';

/** Can a person be asked here? */
export function isInteractive(io: Io): boolean {
  return io.stdin.isTTY === true && io.stdout.isTTY === true;
}

/**
 * Asks a yes-or-no question on the terminal.
 * @param standard what an empty answer means; Ctrl-C and Ctrl-D always mean no
 */
export async function ask(io: Io, question: string, standard: boolean): Promise<boolean> {
  const answer = await askText(io, question);
  if (answer === null) return false;
  return answer === '' ? standard : /^y(es)?$/i.test(answer);
}

/** Asks for a line of text. @returns null after Ctrl-C or Ctrl-D */
export async function askText(io: Io, question: string): Promise<string | null> {
  const terminal = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return (await terminal.question(question, { signal: io.signal })).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ABORT_ERR') throw error;
    io.stderr.write('\n');
    return null;
  } finally {
    terminal.close();
  }
}
