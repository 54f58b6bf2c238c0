import type { Repository } from '../git/repository.ts';
import { type Oid, Undecided } from '../model/index.ts';
import type { Person } from './facts.ts';

/** What a commit says of itself. */
export interface Told {
  readonly commit: Oid;
  readonly parents: readonly Oid[];
  readonly author: Person;
  readonly committer: Person;
  readonly date: Date;
  readonly subject: string;
  readonly agent: string | null;
}

const format = ['%H', '%P', '%an', '%ae', '%cn', '%ce', '%ct', '%B'].map((field) => `${field}%x00`).join('');
const fieldCount = 8;

/** What commits say of themselves, in the order given. @throws Undecided when Git leaves one out */
export async function told(repository: Repository, commits: readonly Oid[]): Promise<Told[]> {
  if (commits.length === 0) return [];
  const args = [
    'log',
    '--no-walk=unsorted',
    '--stdin',
    '--no-mailmap',
    '--encoding=UTF-8',
    `--format=tformat:${format}`,
  ];
  const { stdout } = await repository.run(args, { input: `${commits.join('\n')}\n` });
  const fields = stdout.toString('utf8').split('\0');
  const found = new Map<Oid, Told>();
  for (let at = 0; at + fieldCount <= fields.length; at += fieldCount) {
    const one = read(fields.slice(at, at + fieldCount));
    found.set(one.commit, one);
  }
  return commits.map((commit) => {
    const one = found.get(commit);
    if (!one) throw new Undecided(`git log left out ${commit.slice(0, 12)}`);
    return one;
  });
}

function read(fields: readonly string[]): Told {
  const [commit, parents, name, email, committer, committerEmail, seconds, message] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const date = new Date(Number(seconds) * 1000);
  return {
    commit: commit.trimStart(),
    parents: parents === '' ? [] : parents.split(' '),
    author: { name, email },
    committer: { name: committer, email: committerEmail },
    // A clock beyond what a date can hold is nobody's.
    date: Number.isNaN(date.getTime()) ? new Date(0) : date,
    subject: message.split('\n', 1)[0]!,
    agent: agentIn(message),
  };
}

/** What the last paragraph says of an agent. */
function agentIn(message: string): string | null {
  if (!message.includes('Agent:')) return null;
  const paragraphs = message.trimEnd().split(/\n{2,}/);
  if (paragraphs.length < 2) return null;
  return /^Agent:[ \t]*(\S.*)$/im.exec(paragraphs.at(-1)!)?.[1]?.trim() ?? null;
}
