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
 * Every commit behind some roots that changes one of the paths, on any side of any merge, once for each parent.
 * @param paths files or folders, taken literally
 * @throws Undecided when Git fails
 */
export async function commitsTouching(
  repository: Repository,
  roots: readonly Oid[],
  paths: readonly BytePath[],
): Promise<Touched[]> {
  if (roots.length === 0 || paths.length === 0) return [];
  // By standard input, so that no number of them is too long for a command line; a line cannot hold a line break.
  const broken = paths.find((path) => path.includes('\n'));
  if (broken !== undefined)
    throw new Undecided(
      `${JSON.stringify(showPath(broken))} has a line break in its name, so its history is not followed`,
    );
  const input = Buffer.from(`${roots.join('\n')}\n--\n${paths.join('\n')}\n`, 'latin1');
  const args = ['log', '--stdin', '--full-history', '-m', '--format=%H%x00', ...rawArguments];
  const { topLevel } = await repository.layout();
  const { stdout } = await repository.run(args, { cwd: topLevel ?? repository.cwd, input });
  return readTouched(stdout);
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
