import { formProblems, parseSubject } from '../checks/commit-message.ts';
import type { Repository } from '../git/repository.ts';
import type { Policy } from '../model/index.ts';
import { parsePolicy } from '../policy/parse.ts';
import { isRevert, isVersion, writtenSubject } from '../readers/messages.ts';

/** How commits are written here, and what the policy has to say so that they go on passing. */
export interface SuggestedCommits {
  /** Keys of `commits:` as they stand in the policy. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of the last commits: how many were looked at, and how many would still be refused. */
  readonly seen: number;
  readonly refused: number;
}

/** Commits that are looked at. */
const most = 300;
/** A type that stands in so many of them is one of the project's. */
const often = 3;

/** Reads the last subjects of this branch, and proposes the form that they have. */
export async function firstCommits(repository: Repository): Promise<SuggestedCommits> {
  const { commit } = await repository.head();
  const messages = commit === null ? [] : await lastMessages(repository);
  const usual = parsePolicy('version: 1\n', '.protectionrc').commits;
  const subjects = messages.map(writtenSubject);
  const proposed = fittest(subjects, usual);
  const { types, emoji, prefix, subjectMax } = proposed;
  return {
    settings: {
      types: `[${types.join(', ')}]`,
      ...(emoji === 'allow' ? { emoji } : {}),
      ...(prefix === null ? {} : { prefix: `'${prefix}'` }),
      ...(subjectMax === usual.subjectMax ? {} : { subjectMax: String(subjectMax) }),
    },
    seen: subjects.length,
    refused: refusedBy(subjects, proposed),
  };
}

/** Those that a person, or a bot in a person's place, has written: no merges, reverts and versions. */
async function lastMessages(repository: Repository): Promise<string[]> {
  const args = ['log', '-z', '--no-merges', '--encoding=UTF-8', `--max-count=${most}`, '--format=%B'];
  const { stdout } = await repository.run(args);
  const messages = stdout
    .toString('utf8')
    .split('\0')
    .filter((message) => message.trim() !== '');
  return messages.filter((message) => !isRevert(message) && !isVersion(writtenSubject(message)));
}

function refusedBy(subjects: readonly string[], commits: Policy['commits']): number {
  const policy = { commits } as Policy;
  return subjects.filter((subject) => formProblems(subject, parseSubject(subject, commits), policy).length > 0).length;
}

/** How numbers of tickets stand in front. */
const tickets = [null, '\\[[A-Z][A-Z0-9]+-\\d+\\]', '[A-Z][A-Z0-9]+-\\d+:?', '\\[#\\d+\\]', '#\\d+:?'];

/** Of the forms that a policy can ask for the one that refuses fewest; what does not help by much is not proposed. */
function fittest(subjects: readonly string[], usual: Policy['commits']): Policy['commits'] {
  const forms = (['refuse', 'allow'] as const).flatMap((emoji) =>
    tickets.map((prefix) => ({ ...usual, emoji, prefix })),
  );
  const tried = forms.map((form) => {
    const longest = longestOf(subjects);
    const subjectMax = longest > usual.subjectMax && longest <= 200 ? Math.ceil(longest / 10) * 10 : usual.subjectMax;
    const commits = { ...form, types: ownTypes(subjects, form), subjectMax };
    return { commits, refused: refusedBy(subjects, commits) };
  });
  const worth = Math.max(often, subjects.length / 20);
  return tried.reduce((best, next) => (best.refused - next.refused >= worth ? next : best)).commits;
}

/** The length that all but two in a hundred keep to, in characters. */
function longestOf(subjects: readonly string[]): number {
  const lengths = subjects.map((subject) => [...subject].length).sort((a, b) => a - b);
  return lengths[Math.floor((lengths.length - 1) * 0.98)] ?? 0;
}

/** The usual types, and those that stand here often, in the case they are written in. */
function ownTypes(subjects: readonly string[], commits: Policy['commits']): string[] {
  const counts = new Map<string, number>();
  for (const subject of subjects) {
    const type = parseSubject(subject, commits)?.type;
    if (type !== undefined && /^[A-Za-z][A-Za-z0-9_-]{0,19}$/.test(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const own = [...counts].filter(([, times]) => times >= often).map(([type]) => type);
  return [...new Set([...commits.types.filter((type) => type !== commits.criticalType), ...own, commits.criticalType])];
}
