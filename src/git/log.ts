import { type BytePath, type Commit, Undecided } from '../model/index.ts';

const oid = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * What `readCommits` understands: id, parents and message, each ended by NUL, then (with `paths`) the raw entries.
 * @param line only what stood on the branch itself; a merge then lists what it brought there
 */
export function logArguments({ paths, line = false }: { paths: boolean; line?: boolean }): string[] {
  const diff = paths
    ? [
        '--raw',
        ...(line ? ['--first-parent', '-m'] : ['-c']),
        '--root',
        '--no-relative',
        '--no-renames',
        '--no-abbrev',
        '--ignore-submodules=none',
        '--no-ext-diff',
        '--no-textconv',
      ]
    : ['--no-patch'];
  return ['log', '-z', '--encoding=UTF-8', '--no-mailmap', '--format=tformat:%H%x00%P%x00%B%x00', ...diff];
}

/**
 * Reads `git log` with `logArguments` as it arrives, the commits of a piece of output at a time, so memory does not grow
 * with the history. A merge lists the paths that differ from every parent (`-c`).
 * @throws Undecided when the output has another form or stops early
 * @see https://git-scm.com/docs/git-log#_combined_diff_format
 */
export async function* readCommits(output: AsyncIterable<Buffer>): AsyncIterable<readonly Commit[]> {
  const reader = new Reader();
  // Put together once it is whole: a long message comes in many pieces.
  let begun: string[] = [];
  for await (const chunk of output) {
    const [first, ...fields] = chunk.toString('latin1').split('\0') as [string, ...string[]];
    begun.push(first);
    if (fields.length === 0) continue;
    const whole = begun.join('');
    begun = [fields.pop()!];
    const commits = reader.take([whole, ...fields]);
    if (commits.length > 0) yield commits;
  }
  const rest = begun.join('');
  if (rest !== '' && rest !== '\n') throw stopped();
  const last = reader.end();
  if (last !== null) yield [last];
}

/** Puts commits together from the fields of the output. */
class Reader {
  #header: string[] = [];
  #paths: BytePath[] = [];
  #raw: string[] = [];
  #inEntry = false;

  /** The commits that these fields complete. */
  take(fields: readonly string[]): Commit[] {
    const commits: Commit[] = [];
    for (const field of fields) {
      if (this.#inEntry) {
        this.#paths.push(field);
        this.#inEntry = false;
      } else if (this.#header.length < 3) this.#begin(field);
      else if (field === '' || field === '\n') {
      } else if (field.startsWith(':') || field.startsWith('\n:')) {
        this.#inEntry = true;
        this.#raw.push(field);
      } else {
        commits.push(this.#commit());
        this.#begin(field);
      }
    }
    return commits;
  }

  /** The last commit; null: there was none. */
  end(): Commit | null {
    if (this.#inEntry || this.#header.length % 3 !== 0) throw stopped();
    return this.#header.length === 3 ? this.#commit() : null;
  }

  #begin(field: string): void {
    if (this.#header.length === 0 && !oid.test(field)) throw new Undecided('git log answered in an unknown form');
    this.#header.push(field);
  }

  #commit(): Commit {
    const [id, parents, message] = this.#header as [string, string, string];
    const [paths, raw] = [this.#paths, this.#raw];
    [this.#header, this.#paths, this.#raw] = [[], [], []];
    return { id, parents: parents === '' ? [] : parents.split(' '), message: utf8(message), paths, raw };
  }
}

function stopped(): Undecided {
  return new Undecided('git log stopped in the middle of its output');
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
