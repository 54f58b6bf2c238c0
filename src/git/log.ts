import { type BytePath, type Commit, Undecided } from '../model.ts';

const oid = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** What `readCommits` understands: id, parents and message, each ended by NUL, then (with `paths`) the raw entries. */
export function logArguments(options: { paths: boolean }): string[] {
  const diff = options.paths
    ? [
        '--raw',
        '-c',
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
 * Reads `git log` with `logArguments` as it arrives, one commit at a time, so memory does not grow with the history.
 * A merge lists the paths that differ from every parent (`-c`).
 * @throws Undecided when the output has another form or stops early
 * @see https://git-scm.com/docs/git-log#_combined_diff_format
 */
export async function* readCommits(output: AsyncIterable<Buffer>): AsyncIterable<Commit> {
  let header: string[] = [];
  let paths: BytePath[] = [];
  let raw: string[] = [];
  let inEntry = false;
  const done = (): Commit => {
    const [id, parents, message] = header as [string, string, string];
    const commit = { id, parents: parents === '' ? [] : parents.split(' '), message: utf8(message), paths, raw };
    header = [];
    [paths, raw] = [[], []];
    return commit;
  };
  for await (const field of fields(output)) {
    if (inEntry) {
      paths.push(field);
      inEntry = false;
    } else if (header.length === 3 && (field === '' || field === '\n')) {
    } else if (header.length === 3 && /^\n?:/.test(field)) {
      inEntry = true;
      raw.push(field);
    } else {
      if (header.length === 3) yield done();
      if (header.length === 0 && !oid.test(field)) throw new Undecided('git log answered in an unknown form');
      header.push(field);
    }
  }
  if (inEntry || header.length % 3 !== 0) throw new Undecided('git log stopped in the middle of its output');
  if (header.length === 3) yield done();
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Splits a stream at NUL; the last piece must be ended too. */
async function* fields(output: AsyncIterable<Buffer>): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of output) {
    const parts = (rest + chunk.toString('latin1')).split('\0');
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== '' && rest !== '\n') throw new Undecided('git log stopped in the middle of its output');
}
