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
  const terminal = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = (await terminal.question(question, { signal: io.signal })).trim();
    return answer === '' ? standard : /^y(es)?$/i.test(answer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ABORT_ERR') throw error;
    io.stderr.write('\n');
    return false;
  } finally {
    terminal.close();
  }
}
