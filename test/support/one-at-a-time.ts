import { Writable } from 'node:stream';

/** What is written, chunk by chunk. */
export class Kept extends Writable {
  readonly chunks: Buffer[] = [];
  constructor(private readonly seen: (chunk: Buffer) => void = () => {}) {
    super();
  }
  override _write(chunk: string | Buffer, _: unknown, next: () => void): void {
    const bytes = Buffer.from(chunk as string);
    this.chunks.push(bytes);
    this.seen(bytes);
    next();
  }
}

const outside = process.cwd();
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** Does nothing run here? The folder and the environment of a process are those of one run. */
export function isFree(): boolean {
  return waiting === 0;
}

/** Runs something in a folder and an environment, when what came before has ended. */
export function inTurn<T>(cwd: string, env: NodeJS.ProcessEnv, run: () => Promise<T>): Promise<T> {
  waiting++;
  const turn = last.then(async () => {
    process.chdir(cwd);
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
    try {
      return await run();
    } finally {
      process.chdir(outside);
      waiting--;
    }
  });
  last = turn.catch(() => {});
  return turn;
}
