import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Oid, Undecided } from '../model/index.ts';
import { stampOf } from '../words/stamp.ts';

/** How a deploy ended, or stands. */
export type State = 'refused' | 'unchanged' | 'live' | 'taken-back' | 'stuck' | 'interrupted';

/** The steps of a deploy, in their order; what is about to be done is written down before it is done. */
export type Step =
  | 'begin'
  | 'checked'
  | 'way back checked'
  | 'backed up'
  | 'archived'
  | 'tagged'
  | 'will run'
  | 'runs'
  | 'ran'
  | 'ready'
  | 'sample'
  | 'will take back'
  | 'will swap'
  | 'swapped'
  | 'swapped back'
  | 'took back'
  | 'unlocked'
  | 'ended';

/** A line of a journal. */
export interface Line {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly step: Step;
  /** sha256 of the line before, in hex; null: it is the first. */
  readonly previous: string | null;
  readonly [fact: string]: unknown;
}

/** What a journal begins with. */
export interface Begin {
  readonly environment: string;
  readonly kind: 'deploy' | 'restart' | 'rollback' | 'resume';
  readonly commit: Oid;
  /** What ran before; empty: nobody knows. */
  readonly replaced: Oid | '';
  readonly pid: number;
  readonly host: string;
}

/** What happened in one deploy: a file of lines, each on disk before the next step is taken, and named by the next one. */
export class Journal {
  readonly #now: () => Date;

  constructor(
    readonly path: string,
    readonly id: string,
    readonly lines: Line[],
    now: () => Date,
  ) {
    this.#now = now;
  }

  /** Begins one. */
  static begin(folder: string, begin: Begin, now: () => Date): Journal {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const time = stampAfter(folder, begin.environment, now());
    const base = `${time}-${begin.environment}-${begin.commit.slice(0, 12)}`;
    let id = base;
    for (let n = 2; existsSync(join(folder, `${id}.jsonl`)); n++) id = `${base}-${n}`;
    const journal = new Journal(join(folder, `${id}.jsonl`), id, [], now);
    journal.add('begin', { version: 1, ...begin });
    return journal;
  }

  get begun(): Begin {
    return this.lines[0] as unknown as Begin;
  }

  /** Writes a line, and waits until it is on disk. */
  add(step: Step, facts: Readonly<Record<string, unknown>> = {}): void {
    const last = this.lines.at(-1);
    const line: Line = {
      at: this.#now().toISOString(),
      step,
      ...facts,
      previous: last === undefined ? null : digest(JSON.stringify(last)),
    };
    const isNew = !existsSync(this.path);
    // A line that a crash cut off ends here; a reader passes over it.
    const torn = !isNew && !readFileSync(this.path, 'utf8').endsWith('\n');
    const file = openSync(this.path, 'a', 0o600);
    try {
      writeSync(file, `${torn ? '\n' : ''}${JSON.stringify(line)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isNew) syncFolder(dirname(this.path));
    this.lines.push(line);
  }

  has(step: Step): boolean {
    return this.lines.some((line) => line.step === step);
  }

  /** The newest line of a step. */
  last(step: Step): Line | undefined {
    return this.lines.findLast((line) => line.step === step);
  }

  get state(): State {
    const ended = this.last('ended');
    if (ended) return ended['state'] as State;
    return this.has('will run') || this.has('will take back') ? 'interrupted' : 'unchanged';
  }
}

/** The time that a journal is called by: now, or just behind the newest one, where the clock was set back since. */
function stampAfter(folder: string, environment: string, now: Date): string {
  const newest = namesOf(folder, environment).at(-1)?.slice(0, '20261127T235959Z'.length) ?? '';
  if (stampOf(now) >= newest) return stampOf(now);
  const iso = newest.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
  return stampOf(new Date(Date.parse(iso) + 1000));
}

/** The journals of an environment, the oldest first. @throws Undecided for one that is not as it was written */
export function readJournals(folder: string, environment: string, now: () => Date): Journal[] {
  return namesOf(folder, environment)
    .map((id) => readJournal(folder, id, now))
    .filter((journal): journal is Journal => journal !== null);
}

/** What the journals of an environment are called, the oldest first. */
function namesOf(folder: string, environment: string): string[] {
  const form = new RegExp(`^\\d{8}T\\d{6}Z-${environment}-[0-9a-f]{12}(?:-\\d+)?\\.jsonl$`);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => form.test(name)) : [];
  return names.map((name) => name.slice(0, -'.jsonl'.length)).sort(byAge);
}

/** `…` stands before `…-2`, and `…-9` before `…-10`. */
function byAge(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** @returns null where a crash left not even its first line */
function readJournal(folder: string, id: string, now: () => Date): Journal | null {
  const path = join(folder, `${id}.jsonl`);
  const lines: Line[] = [];
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const line = parse(text);
    if (line === null) continue;
    const last = lines.at(-1);
    if (line.previous !== (last === undefined ? null : digest(JSON.stringify(last))))
      throw new Undecided(
        `${path} was changed: its line '${line.step}' does not follow on the one before`,
        'look at what happened, and move the file away',
      );
    lines.push(line);
  }
  return lines.length === 0 ? null : new Journal(path, id, lines, now);
}

function parse(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    return typeof line === 'object' && line !== null && typeof line.step === 'string' ? line : null;
  } catch {
    return null; // Cut off by a crash; a line that is missing breaks the chain behind it.
  }
}

/** What this machine knows to run there: the newest commit that was live. Null: nothing yet. */
export function lastLive(journals: readonly Journal[]): Journal | null {
  return journals.findLast(({ state }) => state === 'live') ?? null;
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
