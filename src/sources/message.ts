import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageSettings } from '../git/process.ts';
import type { Repository } from '../git/repository.ts';
import { type BytePath, type Commit, Undecided, UsageError } from '../model/index.ts';
import type { PolicyCache } from '../policy/load.ts';
import { type Sourced, stagedChange } from './staged.ts';

/** The longest message that is read, in bytes. */
const maxMessage = 1 << 20;

/**
 * The commit in the making, with the message that Git would record.
 * @param file the path that Git hands to commit-msg
 * @param editor whether an editor ran: Git then drops comment lines
 * @throws UsageError when the file cannot be read
 */
export async function messageChange(
  repository: Repository,
  file: string,
  editor: boolean,
  cache?: PolicyCache,
): Promise<Sourced> {
  const [raw, settings, merging, sourced] = await Promise.all([
    readMessage(file),
    cleanupSettings(repository),
    mergeHeads(repository),
    stagedChange(repository, cache),
  ]);
  const message = cleanMessage(raw, { ...settings, editor });
  const [change] = sourced.changes;
  if (!change) return sourced;
  const commits = async function* (): AsyncIterable<Commit> {
    const parents = change.base === null ? merging : [change.base, ...merging];
    yield {
      id: null,
      parents,
      message,
      paths: await pathsThatDifferFromEveryParent(repository, await change.steps(), merging),
      raw: [],
    };
  };
  return { ...sourced, changes: [{ ...change, commits }] };
}

async function readMessage(file: string): Promise<string> {
  try {
    const found = statSync(file);
    const { size } = found;
    // A device or a pipe may never end.
    if (!found.isFile()) throw new Error(`${file} is not a regular file`);
    if (size > maxMessage) throw new Undecided(`the message is ${size} bytes, the limit is ${maxMessage}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Undecided) throw error;
    throw new UsageError(`the message file cannot be read: ${(error as Error).message}`);
  }
}

/** Other parents of the commit, when it concludes a merge. */
async function mergeHeads(repository: Repository): Promise<string[]> {
  const { gitDir } = await repository.layout();
  try {
    return readFileSync(join(gitDir, 'MERGE_HEAD'), 'utf8')
      .split('\n')
      .filter((line) => /^[0-9a-f]{40,64}$/.test(line));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Undecided(`MERGE_HEAD cannot be read: ${(error as Error).message}`);
  }
}

async function pathsThatDifferFromEveryParent(
  repository: Repository,
  steps: readonly { path: BytePath }[],
  merging: readonly string[],
): Promise<BytePath[]> {
  let paths = steps.map(({ path }) => path);
  for (const parent of merging) {
    const differing = new Set((await repository.diffIndex(parent)).map(({ path }) => path));
    paths = paths.filter((path) => differing.has(path));
  }
  return paths;
}

/** How Git cleans a message. @see https://git-scm.com/docs/git-commit#Documentation/git-commit.txt---cleanupltmodegt */
export interface Cleanup {
  readonly mode: 'strip' | 'whitespace' | 'verbatim' | 'scissors' | 'default';
  /** `core.commentChar` (or commentString); `auto` where Git picks one. */
  readonly comment: string;
  readonly editor: boolean;
}

async function cleanupSettings(repository: Repository): Promise<Omit<Cleanup, 'editor'>> {
  const { stdout } = await repository.run(messageSettings, { codes: [0, 1] });
  let mode: Cleanup['mode'] = 'default';
  let comment = '#';
  for (const entry of stdout.toString('utf8').split('\0')) {
    const [key, value] = [entry.split('\n')[0]!, entry.slice(entry.indexOf('\n') + 1)];
    if (key === 'commit.cleanup' && /^(strip|whitespace|verbatim|scissors|default)$/.test(value))
      mode = value as Cleanup['mode'];
    if (key.startsWith('core.comment') && value !== '') comment = value;
  }
  return { mode, comment };
}

/** The message as Git records it: scissors cut, comment lines dropped, white space at the ends of lines and of the text removed. */
export function cleanMessage(raw: string, cleanup: Cleanup): string {
  const mode = cleanup.mode === 'default' ? (cleanup.editor ? 'strip' : 'whitespace') : cleanup.mode;
  if (mode === 'verbatim') return raw;
  const comment = cleanup.comment === 'auto' ? guessComment(raw) : cleanup.comment;
  let lines = raw.split('\n');
  if (cleanup.editor) lines = cutAtScissors(lines, comment);
  if (mode === 'strip') lines = lines.filter((line) => !line.startsWith(comment));
  const kept: string[] = [];
  for (const line of lines.map((text) => text.replace(/[ \t\r]+$/, '')))
    if (line !== '' || (kept.length > 0 && kept.at(-1) !== '')) kept.push(line);
  while (kept.at(-1) === '') kept.pop();
  return kept.length === 0 ? '' : `${kept.join('\n')}\n`;
}

const scissors = ' ------------------------ >8 ------------------------';

/** Git cuts there with `cleanup=scissors`, and for `commit -v`, which puts its diff behind the line and tells no hook. */
function cutAtScissors(lines: readonly string[], comment: string): string[] {
  const at = lines.indexOf(comment + scissors);
  return at < 0 || at === lines.length - 1 ? [...lines] : lines.slice(0, at);
}

/** With `core.commentChar=auto` Git does not say which it took; its template at the end of the message does. */
function guessComment(raw: string): string {
  const template = raw.trimEnd().split('\n').at(-1) ?? '';
  return /^[#;@!$%^&|:]/.test(template) ? template[0]! : '#';
}
