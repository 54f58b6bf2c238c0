import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { Undecided } from '../model/index.ts';
import { type Configured, configurationList, isKey, parseConfiguration } from './configuration.ts';
import { gitSettings } from './environment.ts';
import { type EarlyRuns, type GitResult, runGit } from './process.ts';

interface RunOptions {
  readonly input?: string | Buffer;
  /** Exit codes that are answers; any other is an error. Default: 0 only. */
  readonly codes?: readonly number[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Bytes of Git's output that wait for us. */
const readAhead = 4 << 20;
/** Commands of Git that leave refs and configuration as they are. */
const reading =
  /^(?:cat-file|diff|diff-(?:files|index|tree)|for-each-ref|hash-object|log|ls-(?:files|remote|tree)|merge-(?:base|tree)|rev-(?:list|parse)|status|symbolic-ref --quiet|write-tree)(?: |$)/;

/** The one door to Git: plumbing only, in a rebuilt environment, bytes in and bytes out. */
export class Runs {
  readonly #answers = new Map<string, Promise<GitResult>>();

  constructor(
    readonly cwd: string,
    protected readonly env: NodeJS.ProcessEnv,
    private readonly early: EarlyRuns,
  ) {}

  /** Runs Git and returns its output and exit code. @throws Undecided when the code is not among `codes`. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<{ code: number; stdout: Buffer }> {
    const { code, stdout, stderr } = await this.#spawn(args, options);
    if (!(options.codes ?? [0]).includes(code)) throw failure(args, code, stderr);
    return { code, stdout };
  }

  /** Runs Git and returns its exit code with what it said. */
  tell(args: readonly string[]): Promise<GitResult> {
    return this.#spawn(args, {});
  }

  async text(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await this.run(args, options)).stdout.toString('utf8').trimEnd();
  }

  /** What Git says of its refs or configuration, asked once: until we run what may change them, or somebody else did (`changed`). */
  async ask(args: readonly string[]): Promise<Buffer> {
    const key = args.join('\0');
    const answer = this.#answers.get(key) ?? this.#start(args, {});
    this.#answers.set(key, answer);
    const { code, stdout, stderr } = await answer;
    if (code !== 0) throw failure(args, code, stderr);
    return stdout;
  }

  /** To be called after another program wrote to the repository. */
  changed(): void {
    this.#answers.clear();
  }

  /** The configuration from wherever Git takes it, what holds last. What is set for a single run is not of it. */
  async configuration(): Promise<Configured[]> {
    return parseConfiguration(await this.ask(configurationList));
  }

  async configuredAll(key: string): Promise<Configured[]> {
    return (await this.configuration()).filter((each) => isKey(each, key));
  }

  /** The value of a configuration key that holds; null when it is not set. */
  async configured(key: string): Promise<string | null> {
    return (await this.configuredAll(key)).at(-1)?.value ?? null;
  }

  /** Runs Git and yields its output as it comes. @throws Undecided at the end when Git failed. */
  async *stream(args: readonly string[]): AsyncIterable<Buffer> {
    const child = spawn('git', [...gitSettings, ...args], {
      cwd: this.cwd,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString();
    });
    const closed = new Promise<number>((done) => {
      child.on('error', (error) => {
        stderr = error.message;
        done(127);
      });
      child.on('close', (code) => done(code ?? 128));
    });
    let complete = false;
    try {
      // Git goes on while we are busy: its pipe alone would stop it after 64 KiB.
      yield* child.stdout.pipe(new PassThrough({ highWaterMark: readAhead })) as AsyncIterable<Buffer>;
      complete = true;
    } finally {
      if (!complete) child.kill();
    }
    const code = await closed;
    if (code !== 0) throw failure(args, code, stderr);
  }

  async #spawn(args: readonly string[], options: RunOptions): Promise<GitResult> {
    if (reading.test(args.slice(0, 2).join(' '))) return this.#start(args, options);
    this.#answers.clear();
    try {
      return await this.#start(args, options);
    } finally {
      this.#answers.clear();
    }
  }

  #start(args: readonly string[], options: RunOptions): Promise<GitResult> {
    const plain = options.cwd === undefined && options.env === undefined && options.input === undefined;
    const key = args.join('\0');
    const early = plain ? this.early.get(key) : undefined;
    this.early.delete(key);
    return (
      early ??
      runGit(args, { cwd: options.cwd ?? this.cwd, env: { ...this.env, ...options.env }, input: options.input })
    );
  }
}

export function failure(args: readonly string[], code: number, stderr: string): Undecided {
  return new Undecided(`git ${args[0]} failed (${code}): ${firstLine(stderr) || 'no message'}`);
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
