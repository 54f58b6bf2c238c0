/** What every line of ours in a hook file ends in. */
export const mark = '# git-protect';

const shells = /^#!\s*(?:\S*\/)?(?:env\s+(?:-S\s+)?)?(?:\S*\/)?(?:(?:ba|da|a|k|mk|z|pdk)?sh\b|busybox\s+sh\b)/;

/** Can a line of sh stand in this file? One without a shebang is run by sh. */
export function isShellScript(content: string): boolean {
  if (content.includes('\0')) return false;
  return !content.startsWith('#!') || shells.test(content);
}

/**
 * Puts our line first, behind a shebang, so that no `exit` or `exec` above it can skip it. What is added can be taken
 * out again to the byte: an empty file, or a shebang without a line feed, gets a line without a line feed.
 * @param created what the file is where there is none yet
 */
export function addLine(content: string | null, line: string, created: string): string {
  const shebang = /^#!.*\n?/.exec(content ?? '')?.[0] ?? '';
  if (content?.slice(shebang.length).split('\n', 1)[0] === line) return content;
  const rest = content === null ? null : removeLine(content);
  if (rest === null) return created;
  if (rest === '') return line;
  if (shebang !== '' && !shebang.endsWith('\n')) return `${shebang}\n${line}`;
  return `${shebang}${line}\n${rest.slice(shebang.length)}`;
}

/** Takes our lines out. Null: nothing else is there, so the file is ours. */
export function removeLine(content: string): string | null {
  if (created.test(content)) return null;
  return content.replace(/^[^\n]*# git-protect[ \t\r]*\n/gm, '').replace(/(?:^|\n)[^\n]*# git-protect[ \t\r]*$/, '');
}

const created = /^(?:#!\/bin\/sh\n[^\n]*# git-protect\n)?[^\n]*# git-protect\n$/;
