/** What a commit message says: its subject as Git records it, and which of them nobody typed. */

/**
 * The subject as `git log --format=%s` shows it: blank lines in front are skipped, the lines up to the next blank one are one.
 * @see https://git-scm.com/docs/pretty-formats (%s)
 */
export function subjectOf(message: string): string {
  const lines = message.split('\n').map((line) => line.trimEnd());
  const first = lines.findIndex((line) => line !== '');
  if (first < 0) return '';
  const end = lines.indexOf('', first);
  return lines.slice(first, end < 0 ? undefined : end).join(' ');
}

/** The lines behind the subject. */
function bodyOf(message: string): string[] {
  const lines = message.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => line !== '');
  const end = lines.indexOf('', first);
  return end < 0 ? [] : lines.slice(end + 1);
}

/** What hosts append when they squash: the number of the pull or merge request, of a revert of a revert several. */
const numbers = /(?: \([#!]\d+\))+$/;

/** What stands below the subject of a revert: of Git, GitHub, GitLab, Azure DevOps and Bitbucket. */
const revertLines = [
  /^This reverts commit [0-9a-f]{7,64}\b/,
  /^Reverts [\w.-]+\/[\w.-]+#\d+$/,
  /^This reverts merge request (?:[\w./-]+)?!\d+$/,
  /^Reverts !\d+$/,
  /^This reverts pull request #\d+\.?$/,
];

/**
 * Is it a revert, or the revert of one, as Git and hosts write it? A number behind it says that a host made it of a title,
 * which has no body.
 */
export function isRevert(message: string): boolean {
  const subject = subjectOf(message);
  if (!isRevertTitle(subject)) return false;
  return numbers.test(subject) || bodyOf(message).some((line) => revertLines.some((form) => form.test(line)));
}

/** The title that the revert button of a host writes; what it reverts stands in a body that a title does not have. */
export function isRevertTitle(title: string): boolean {
  return /^(?:Revert|Reapply) ".*"$/s.test(title.replace(numbers, ''));
}

/** What hosts put in front of the title that was judged, when they squash. */
const wrappings: readonly ((message: string) => string | null)[] = [
  // Azure DevOps
  (message) => /^Merged PR \d+: (.+)$/s.exec(subjectOf(message))?.[1] ?? null,
  // Bitbucket
  (message) =>
    /^Merged in \S+ \(pull request #\d+\)$/.test(subjectOf(message)) ? subjectOf(bodyOf(message).join('\n')) : null,
];

/** The subject that a person wrote: without what the host put around it. */
export function writtenSubject(message: string): string {
  for (const unwrap of wrappings) {
    const title = unwrap(message);
    if (title !== null) return title.replace(numbers, '');
  }
  return subjectOf(message).replace(numbers, '');
}

/** What `npm version` and its like write: the version alone. */
export function isVersion(subject: string): boolean {
  return /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(subject);
}
