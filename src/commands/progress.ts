import type { Io } from './io.ts';

/** Tells whoever waits what goes on. */
export interface Progress {
  tell(text: string): void;
  /** Ends the line of a terminal. */
  end(): void;
}

/** On a terminal a line that counts the seconds, elsewhere one line at the start. Never part of the report. */
export function progressOn({ stderr, env }: Pick<Io, 'stderr' | 'env'>): Progress {
  const live = stderr.isTTY === true && env['TERM'] !== 'dumb';
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    stderr.write('\n');
  };
  return {
    tell(text) {
      end();
      if (!live) return void stderr.write(`protect: ${text}\n`);
      const started = performance.now();
      stderr.write(`protect: ${text}`);
      timer = setInterval(() => stderr.write(`\r\x1b[Kprotect: ${text}  ${span(performance.now() - started)}`), 1000);
      timer.unref();
    },
    end,
  };
}

/** A span as people say it. @param milliseconds how long it took */
export function span(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
