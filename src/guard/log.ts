import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withoutSecrets } from './secrets.ts';
import type { Kind, Refusal } from './verdict.ts';

/** One refusal, as it is kept. */
export interface LoggedRefusal {
  readonly at: string;
  readonly host: string;
  readonly tool: string;
  readonly kind: Kind;
  readonly message: string;
  readonly part: string;
}

/** Bytes from which on a new file is begun; the one before is kept. */
const largest = 4 << 20;
const longest = 2000;

const fileOf = (gitDir: string) => join(gitDir, 'protect', 'guard.jsonl');

/** Keeps what was refused, for the person who owns the repository. What the system refuses to write is refused all the same. */
export function logRefusals(
  gitDir: string,
  call: { readonly host: string; readonly tool: string; readonly at: Date },
  refusals: readonly Refusal[],
): void {
  const lines = refusals.map(({ kind, message, part }) => {
    const cut = (text: string) => withoutSecrets(text).slice(0, longest);
    const entry: LoggedRefusal = {
      at: call.at.toISOString(),
      host: call.host,
      tool: call.tool.slice(0, 200),
      kind,
      message: cut(message),
      part: cut(part),
    };
    return `${JSON.stringify(entry)}\n`;
  });
  const file = fileOf(gitDir);
  try {
    mkdirSync(join(gitDir, 'protect'), { recursive: true });
    if (existsSync(file) && statSync(file).size > largest) renameSync(file, `${file}.1`);
    appendFileSync(file, lines.join(''), { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** What was refused here, the oldest first; a line that was cut off is left out. */
export function readLog(gitDir: string): LoggedRefusal[] {
  const texts = [`${fileOf(gitDir)}.1`, fileOf(gitDir)].filter(existsSync).map((file) => readFileSync(file, 'utf8'));
  return texts
    .join('')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as LoggedRefusal];
      } catch {
        return [];
      }
    });
}
