import { type BytePath, type Oid, type Step, Undecided } from '../model/index.ts';
import { rawArguments } from './process.ts';
import { parseRaw, showPath } from './raw.ts';
import type { Repository } from './repository.ts';

/** What a commit changed of one of its parents. */
export interface Touched {
  readonly commit: Oid;
  readonly steps: readonly Step[];
}

/**
 * Every commit behind some roots that changes one of the paths, on any side of any merge, once for each parent; now and then
 * others too.
 * @param paths files or folders, taken literally
 * @throws Undecided when Git fails
 */
export async function commitsTouching(
  repository: Repository,
  roots: readonly Oid[],
  paths: readonly BytePath[],
): Promise<Touched[]> {
  if (roots.length === 0 || paths.length === 0) return [];
  // By standard input, so that no number of them is too long for a command line.
  const lines = new Set(paths.map(asLine));
  const input = Buffer.from(`${roots.join('\n')}\n--\n${[...lines].join('\n')}\n`, 'latin1');
  const args = ['log', '--stdin', '--full-history', '-m', '--format=%H%x00', ...rawArguments];
  const { topLevel } = await repository.layout();
  const { stdout } = await repository.run(args, { cwd: topLevel ?? repository.cwd, input });
  return readTouched(stdout);
}

/** A line holds no line break, and loses a CR at its end: such a path is asked for by its folder, which moves whenever it does. */
function asLine(path: BytePath): string {
  let plain = path;
  while (/\n|\r$/.test(plain)) plain = plain.slice(0, Math.max(0, plain.lastIndexOf('/')));
  if (plain === '')
    throw new Undecided(`the history of ${JSON.stringify(showPath(path))}, which no line can hold, is not followed`);
  return plain;
}

/** Each commit's id, an empty field, then its entries; commits follow one another without more between them. */
function readTouched(output: Buffer): Touched[] {
  if (output.length > 0 && output[output.length - 1] !== 0)
    throw new Undecided('git log stopped in the middle of its output');
  const fields = output.toString('latin1').split('\0').slice(0, -1);
  const found: Touched[] = [];
  for (let at = 0; at < fields.length; ) {
    const commit = fields[at++]!.trim();
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) throw new Undecided('git log answered in an unknown form');
    while (at < fields.length && fields[at]!.trim() === '') at++;
    const from = at;
    while (fields[at]?.trimStart().startsWith(':')) at += 2;
    const entries = fields.slice(from, at).map((field, index) => `${index % 2 === 0 ? field.trimStart() : field}\0`);
    found.push({ commit, steps: parseRaw(Buffer.from(entries.join(''), 'latin1')) });
  }
  return found;
}
