/** A pattern of ours in the words of another tool. */
export interface Translated {
  readonly pattern: string;
  /** What the other tool reads it as, where that is more than we do; null: the same. */
  readonly wider: string | null;
}

const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  xdigit: '0-9A-Fa-f',
};

/**
 * A glob for branch or tag names as a ruleset of GitHub reads it, by Ruby's fnmatch with FNM_PATHNAME: a `**` at the end stands
 * for one segment there, so that one more is written.
 * @see https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
 */
export function githubGlob(glob: string): Translated {
  const plain = glob.replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole).replace(/\[!/g, '[^');
  const stars = plain.replace(/(^|\/)\*{2,}$/, '$1**/*').replace(/(^|\/)\*{3,}\//g, '$1**/');
  return { pattern: stars, wider: null };
}

/**
 * The same for GitLab, where `*` is all there is, and goes over slashes.
 * @see https://docs.gitlab.com/user/project/repository/branches/protected/#use-wildcard-rules
 */
export function gitlabGlob(glob: string): Translated {
  const pattern = glob
    .replace(/\[[!^]?\]?(?:\[:\w+:\]|[^\]])*\]|\?/g, '*')
    .replace(/\\(.)/g, '$1')
    .replace(/(^|\/)\*{2,}\//g, '$1*')
    .replace(/\*+(?:\/\*+)*/g, '*');
  return {
    pattern,
    wider:
      pattern === glob && !glob.includes('*')
        ? null
        : `\`${pattern}\` of GitLab matches more than ${glob}: its * goes over slashes`,
  };
}

/**
 * A pattern in gitignore syntax as CODEOWNERS reads it: there `dir/*` is no more than the files of that folder, and a class of
 * characters is unknown.
 * @returns null where it cannot be written at all
 * @see https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-syntax
 */
export function codeownersPattern(pattern: string): Translated | null {
  const isFolder = pattern.endsWith('/');
  const body = pattern.replace(/\/$/, '').replace(/^\//, '');
  const isAnchored = pattern.replace(/\/$/, '').includes('/');
  const unbracketed = body.replace(/\[[!^]?\]?(?:\[:\w+:\]|[^\]])*\]/g, '?');
  if (/\\[*?[\\]/.test(unbracketed) || /^#|^!/.test(unbracketed)) return null;
  const plain = unbracketed.replace(/\\(.)/g, '$1').replace(/ /g, '\\ ');
  const open = plain.replace(/(^|\/)\*$/, isAnchored ? '$1**' : '$1*');
  return {
    pattern: `${isAnchored ? '/' : ''}${open}${isFolder ? '/' : ''}`,
    wider: unbracketed === body ? null : 'a class of characters is unknown there, so that any character stands for it',
  };
}
