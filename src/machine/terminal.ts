import { openSync, readFileSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { runCommand } from './run.ts';

/** The terminal that a person sits at, whatever standard input and output are. */
export interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
  close(): void;
}

/**
 * Opens the terminal of this process. A hook's standard input is not the terminal, and a program that runs Git in the
 * background, or has the terminal's screen for itself, must not be asked into: it gives Git another standard error.
 * @param seen is standard error a terminal?
 * @returns null where there is none, or another job has it
 */
export async function openTerminal(seen: boolean, cwd: string, env: NodeJS.ProcessEnv): Promise<Terminal | null> {
  if (!seen || process.platform === 'win32' || !(await isForeground(cwd, env))) return null;
  let files: [number, number];
  try {
    files = [openSync('/dev/tty', 'r'), openSync('/dev/tty', 'w')];
  } catch {
    return null; // No terminal: nobody to ask.
  }
  const [input, output] = [new ReadStream(files[0]), new WriteStream(files[1])];
  return {
    input,
    output,
    close() {
      input.destroy();
      output.destroy();
    },
  };
}

/** A job in the background would be stopped by reading. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function isForeground(cwd: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    const [, , group, , , terminalGroup] = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return group === terminalGroup;
  } catch {
    const how = { cwd, env, timeout: 5000, signal: new AbortController().signal };
    const { stdout } = await runCommand(['ps', '-o', 'stat=', '-p', String(process.pid)], how);
    return stdout?.includes('+') === true;
  }
}
