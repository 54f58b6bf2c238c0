import { showPath } from '../git/raw.ts';
import { type Check, type Commit, type Context, type Policy, type Problem, Undecided } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { nearest } from '../words/nearest.ts';

/** Judges the form of commit messages, and demands the critical type where a critical file changes. */
export const commitMessage: Check<'history'> = {
  id: 'commit-message',
  summary: 'Every commit says what kind of change it is, and a critical one says so.',
  gates: ['commit-msg', 'pre-push', 'ci', 'pre-receive'],
  needs: ['history'],
  weakenable: true,
  timeout: 300_000,
  docs: {
    since: '0.1.0',
    why: 'Whoever looks for the commit that broke production reads subjects first. A type tells them where to look, and CRITICAL where to look twice.',
    fix: 'Reword: `git commit --amend` for the last commit, `git rebase -i` for earlier ones. The form is `type: subject` or `type(scope): subject`.',
  },
  async run(context) {
    const { change, gate } = context;
    if (change.kind === 'delete') return { skipped: 'the ref is deleted' };
    const isCritical = criticalPaths(context);
    const again = gate === 'commit-msg' ? await commitHelp(context) : null;
    if (gate !== 'commit-msg' && change.title !== null) return judgeTitle(context, isCritical);
    if (change.head === null && gate !== 'commit-msg') return { skipped: 'no commit is pushed' };
    const problems: Problem[] = [];
    for await (const commit of change.commits({ paths: isCritical !== null })) {
      const found = judgeCommit(commit, context, isCritical, again);
      if (found.length > 0 && (commit.id === null || (await context.history.underPolicy(commit.id))))
        problems.push(...found);
      if (problems.length >= 100) return [...problems, { message: 'more than 100 findings; the rest is not listed' }];
    }
    return problems;
  },
};

type Critical = ((paths: readonly string[]) => string | null) | null;

/** Tells which of some paths is under a critical rule; null when the policy has none. */
function criticalPaths({ policy }: Context): Critical {
  if (!policy.files.some((rule) => rule.risk === 'critical')) return null;
  const guards = compileRules(policy);
  const known = new Map<string, boolean>();
  const critical = (path: string) => {
    const cached = known.get(path);
    if (cached !== undefined) return cached;
    const answer = guards(path).some((guard) => !guard.builtIn && guard.rule.risk === 'critical');
    if (known.size < 100_000) known.set(path, answer);
    return answer;
  };
  return (paths) => {
    const path = paths.find(critical);
    return path === undefined ? null : showPath(path);
  };
}

async function judgeTitle(context: Context, isCritical: Critical): Promise<Problem[]> {
  const message = context.change.title?.text;
  if (!message)
    throw new Undecided(
      'the title is the message that lands (landing: squash), and it is not known here',
      'npx git-protect ci --title "TITLE OF THE PULL REQUEST"',
    );
  // The revert button of hosts writes just this; what it reverts stands in the body that a title does not have.
  if (/^(Revert|Reapply) ".*"$/.test(message)) return [];
  const paths = (await context.change.steps()).map(({ path }) => path);
  const found = judgeCommit({ id: null, parents: [''], message, paths, raw: [] }, context, isCritical, null);
  return found.map((problem) => ({
    ...problem,
    message: `the title: ${problem.message}`,
    help: 'edit the title of the pull or merge request',
  }));
}

/** @param again the help at commit-msg; elsewhere the commit is there already and has to be reworded */
function judgeCommit(commit: Commit, context: Context, isCritical: Critical, again: string | null): Problem[] {
  const { policy, gate, change } = context;
  const subject = commit.message.split('\n')[0]!;
  const lands = gate !== 'commit-msg' && change.protected;
  const at = commit.id === null ? {} : { commit: commit.id };
  const help = again ?? rewordHelp(commit);
  const problem = (message: string, own?: string): Problem => ({ ...at, message, help: own ?? help });
  // Git itself aborts a commit without a message, in its own words.
  if (gate === 'commit-msg' && commit.message.trim() === '') return [];
  if (isRevert(commit.message)) return [];
  const critical = isCritical?.(commit.paths) ?? null;
  if (/^(fixup|squash|amend)! /.test(subject))
    return lands
      ? [
          problem(
            `'${shorten(subject)}' has to be squashed before it lands on ${change.target}`,
            `git rebase -i --autosquash ${change.base?.slice(0, 12) ?? '--root'}`,
          ),
        ]
      : [];
  const header = parseSubject(subject);
  if (critical !== null && header?.type !== policy.commits.criticalType)
    return [problem(`${critical} is critical, so the subject starts with '${policy.commits.criticalType}: '`)];
  if (commit.parents.length > 1) return [];
  return formProblems(subject, header, policy).map((text) => problem(text));
}

/** The parts of `type(scope)!: subject`. */
interface Header {
  readonly type: string;
  readonly scope: string | null;
  readonly text: string;
}

/** Parses a subject line; null when it has no `type: ` in front. */
export function parseSubject(subject: string): Header | null {
  const match = /^([^\s:()!]+)(?:\(([^()]*)\))?!?: (\s*)(.*)$/su.exec(subject);
  return match ? { type: match[1]!, scope: match[2] ?? null, text: match[3]! + match[4]! } : null;
}

/** What is wrong with the form of a subject, whatever the commit changes. */
export function formProblems(subject: string, header: Header | null, { commits }: Policy): string[] {
  if (subject.trim() === '') return ['the message is empty'];
  if (/[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]/.test(subject))
    return ['the subject holds a control character'];
  if (!header) return [noHeader(subject, commits)];
  const problems: string[] = [];
  if (!commits.types.includes(header.type)) {
    const meant = nearest(header.type, commits.types);
    const types = `the types are ${commits.types.join(', ')}`;
    problems.push(`'${shorten(header.type)}' is not a type; ${meant ? `did you mean ${meant}?` : types}`);
  }
  if (header.text.trim() === '') problems.push(`nothing follows '${header.type}: '`);
  if (header.scope === '') problems.push('the brackets of the scope are empty');
  if (commits.scope === 'required' && !header.scope) problems.push(`the scope is missing: ${header.type}(where): …`);
  if (commits.scope === 'none' && header.scope !== null) problems.push(`no scope is used here: ${header.type}: …`);
  // Hosts append the number of the pull request when they squash; whoever wrote the title could not count it.
  const length = [...subject.replace(/ \([#!]\d+\)$/, '')].length;
  if (length > commits.subjectMax)
    problems.push(`the subject has ${length} characters, the limit is ${commits.subjectMax}`);
  return problems;
}

/** Says what is missing of `type: `, down to the one character. */
function noHeader(subject: string, { types }: Policy['commits']): string {
  const word = /^([\p{L}\d_-]+)(\([^()]*\))?(!?)(\s*)(:?)(\s*)/u.exec(subject);
  const type = word?.[1] ?? '';
  if (subject.startsWith('\ufeff')) return 'the subject starts with an invisible byte order mark';
  if (word && word[5] === ':' && word[4] === '' && word[6] === '') return `a space is missing after '${type}:'`;
  if (word && word[5] === ':' && word[4] !== '') return `there is a space before the colon after '${type}'`;
  if (word && types.includes(type) && word[5] === '') return `a colon is missing after '${type}'`;
  return `'${shorten(subject)}' starts with no type; use one of ${types.join(', ')}`;
}

/**
 * Git's own reverts, by subject and body line; a revert in a hurry passes even where the critical type is demanded.
 * GitHub writes `Reverts owner/repo#1` instead.
 */
function isRevert(message: string): boolean {
  const [subject, ...body] = message.split('\n');
  if (!/^(Revert|Reapply) ".*"$/.test(subject!)) return false;
  return body.some(
    (line) => /^This reverts commit [0-9a-f]{7,64}\b/.test(line) || /^Reverts [\w.-]+\/[\w.-]+#\d+$/.test(line.trim()),
  );
}

/** Takes the refused message up again, so that nobody types it twice. Git tells no hook of `--amend`. */
async function commitHelp({ otherIndex, change }: Context): Promise<string> {
  const paths = otherIndex === 'paths' ? (await change.steps()).map(({ path }) => showPath(path)) : [];
  const named = paths.every((path) => /^[\w./-]+$/.test(path)) ? paths.join(' ') : 'PATH…';
  const what = otherIndex === 'all' ? '-a ' : '';
  const which = paths.length === 0 ? '' : ` -- ${named}`;
  return `git commit ${what}-e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"${which}  # add --amend if you were amending`;
}

function rewordHelp({ id, parents }: Commit): string {
  if (id === null) return 'git commit --amend';
  return `git rebase -i ${parents.length === 0 ? '--root' : `${id.slice(0, 12)}~1`}  # mark it 'reword'`;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
