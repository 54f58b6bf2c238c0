import { showPath } from '../git/raw.ts';
import {
  approvalsFolder,
  type Check,
  type Commit,
  type Context,
  type Policy,
  type Problem,
  Undecided,
} from '../model/index.ts';
import { isRevert, isRevertTitle, isVersion, writtenSubject } from '../readers/messages.ts';
import { compileRules } from '../rules/rules.ts';
import { nearest } from '../words/nearest.ts';
import { shortened } from '../words/shortened.ts';

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
    // A server takes drafts: what lands on a protected branch is judged where it lands.
    const severity = gate === 'pre-receive' && !change.protected ? ({ severity: 'warning' } as const) : {};
    const problems: Problem[] = [];
    for await (const commit of change.commits({ paths: isCritical !== null })) {
      const found = judgeCommit(commit, context, isCritical, again).map((problem) => ({ ...problem, ...severity }));
      if (found.length > 0 && (commit.id === null || (await context.history.underPolicy(commit.id))))
        problems.push(...found);
      if (problems.length >= 100)
        return [...problems, { ...severity, message: 'more than 100 findings; the rest is not listed' }];
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
  if (isRevertTitle(message)) return [];
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
  const subject = writtenSubject(commit.message);
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
  const header = parseSubject(subject, policy.commits);
  if (critical !== null && header?.type !== policy.commits.criticalType)
    return [problem(`${critical} is critical, so the subject starts with '${policy.commits.criticalType}: '`)];
  if (commit.parents.length > 1 || isVersion(subject)) return [];
  return formProblems(subject, header, policy).map((text) => problem(text));
}

/** The parts of `type(scope)!: subject`. */
interface Header {
  readonly type: string;
  readonly scope: string | null;
  readonly text: string;
}

/** Parses a subject line; null when it has no `type: ` in front. */
export function parseSubject(subject: string, commits: Policy['commits']): Header | null {
  const match = /^([^\s:()!]+)(?:\(([^()]*)\))?!?:(?: (.*))?$/su.exec(behindFront(subject, commits));
  return match ? { type: match[1]!, scope: match[2] ?? null, text: match[3] ?? '' } : null;
}

const emojis =
  /^(?:(?:\p{Extended_Pictographic}[\u200d\ufe0f\p{Emoji_Modifier}\p{Extended_Pictographic}]*|:[a-z0-9_+-]{1,40}:)\s*)+/u;
/** Characters in front of the type that are looked at. */
const longestFront = 200;

/** The subject from its type on: behind the number of a ticket and an emoji, where the policy lets them stand there. */
function behindFront(subject: string, { prefix, emoji }: Policy['commits']): string {
  const front = prefix === null ? null : new RegExp(`^(?:${prefix})\\s*`, 'u').exec(subject.slice(0, longestFront));
  const rest = subject.slice(front?.[0].length ?? 0);
  return emoji === 'allow' ? rest.replace(emojis, '') : rest;
}

/** Is there anything to see? Blanks and invisible characters say nothing. */
const says = (text: string) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text);

/** What is wrong with the form of a subject, whatever the commit changes. */
export function formProblems(subject: string, header: Header | null, { commits }: Policy): string[] {
  if (!says(subject)) return ['the message is empty'];
  if (/[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]/.test(subject))
    return ['the subject holds a control character'];
  if (!header) return [noHeader(subject, commits)];
  const problems: string[] = [];
  if (!commits.types.includes(header.type)) {
    const meant = nearest(header.type, commits.types);
    const types = `the types are ${commits.types.join(', ')}`;
    problems.push(`'${shorten(header.type)}' is not a type; ${meant ? `did you mean ${meant}?` : types}`);
  }
  if (!says(header.text)) problems.push(`nothing follows '${header.type}: '`);
  if (header.scope !== null && !says(header.scope)) problems.push('the brackets of the scope are empty');
  if (commits.scope === 'required' && header.scope === null)
    problems.push(`the scope is missing: ${header.type}(where): …`);
  if (commits.scope === 'none' && header.scope !== null) problems.push(`no scope is used here: ${header.type}: …`);
  const length = [...subject].length;
  if (length > commits.subjectMax)
    problems.push(`the subject has ${length} characters, the limit is ${commits.subjectMax}`);
  return problems;
}

/** What is nearly right, with the words for it. `type` stands for the word in front. */
const nearMisses: readonly (readonly [RegExp, (type: string) => string])[] = [
  [/^\ufeff/, () => 'the subject starts with an invisible byte order mark'],
  [/^[\p{L}\d_-]+\s+\([^()]*\)!?:/u, (type) => `there is a space before the scope after '${type}'`],
  [/^[\p{L}\d_-]+!+\([^()]*\)/u, (type) => `the '!' goes after the scope: ${type}(where)!: …`],
  [/^[\p{L}\d_-]+(?:\([^()]*\))?!{2,}:/u, (type) => `one '!' is enough after '${type}'`],
  [/^[\p{L}\d_-]+\([^:]*[()][^:]*\)!?:/u, (type) => `the scope of '${type}' holds brackets of its own`],
  [
    /^[\p{L}\d_-]+(?:\([^()]*\))?!?\s*[\uff1a\ufe55\ua789\u2236]/u,
    (type) => `the colon after '${type}' is not a plain ':'`,
  ],
  [/^[\p{L}\d_-]+(?:\([^()]*\))?!?:(?! )\s/u, (type) => `what follows '${type}:' is not a plain space`],
  [/^[\p{L}\d_-]+(?:\([^()]*\))?!?:/u, (type) => `a space is missing after '${type}:'`],
  [/^[\p{L}\d_-]+(?:\([^()]*\))?!?\s+:/u, (type) => `there is a space before the colon after '${type}'`],
];

/** Says what is missing of `type: `, down to the one character. */
function noHeader(whole: string, commits: Policy['commits']): string {
  const subject = behindFront(whole, commits);
  const { types } = commits;
  const type = /^[\p{L}\d_-]+/u.exec(subject)?.[0] ?? '';
  const near = nearMisses.find(([form]) => form.test(subject));
  if (near) return near[1](type);
  if (types.includes(type) && /^[\p{L}\d_-]+(?:\([^()]*\))?!?(?:\s|$)/u.test(subject))
    return `a colon is missing after '${type}'`;
  return `'${shorten(subject)}' starts with no type; use one of ${types.join(', ')}`;
}

/** Takes the refused message up again, so that nobody types it twice. Git tells no hook of `--amend`. */
async function commitHelp({ otherIndex, change }: Context): Promise<string> {
  const steps = otherIndex === 'paths' ? await change.steps() : [];
  // An approval that was signed on the way is in the working tree alone, and pre-commit takes it from there.
  const others = steps.filter(({ path, from }) => from !== null || !path.startsWith(approvalsFolder));
  const paths = (others.length > 0 ? others : steps).map(({ path }) => showPath(path));
  const named = paths.every((path) => /^[\w./-]+$/.test(path)) ? paths.join(' ') : 'PATH…';
  const what = otherIndex === 'all' ? '-a ' : '';
  const which = paths.length === 0 ? '' : ` -- ${named}`;
  return `git commit ${what}-e -F "$(git rev-parse --git-path COMMIT_EDITMSG)"${which}  # add --amend if you were amending`;
}

function rewordHelp({ id, parents }: Commit): string {
  if (id === null) return 'git commit --amend';
  return `git rebase -i ${parents.length === 0 ? '--root' : `${id.slice(0, 12)}~1`}  # mark it 'reword'`;
}

const shorten = (text: string) => shortened(text, 60);
