const begin = '<!-- git-protect: begin -->';
const end = '<!-- git-protect: end -->';

/** What agents are told in AGENTS.md. */
const section = `${begin}
## Protected files and Git hooks

- Commits and pushes are judged by git-protect. Never skip its hooks (\`--no-verify\`, \`HUSKY=0\`, \`core.hooksPath\`), never force-push a protected branch, never edit hooks, \`.protectionrc\`, \`.protect/\` or an agent's own hook configuration.
- A refusal says what to do instead: do that, or tell the person you work for. Do not look for another way to the same end.
- Why a file is protected and by whom: \`npx git-protect explain PATH\`. To have a change approved, write it as a patch: \`npx git-protect request --patch FILE -o change.request\`, and hand \`change.request\` to an owner. You cannot approve.
- What the guard makes of a command, without running it: \`npx git-protect guard --explain 'COMMAND'\`.
${end}`;

/** AGENTS.md with our section at its end. A last line without a line feed stays one, so that the file can be restored to the byte. */
export function addSection(text: string | null): string {
  const rest = text === null ? null : removeSection(text);
  if (rest === null) return `${section}\n`;
  return rest === '' || rest.endsWith('\n') ? `${rest}${rest === '' ? '' : '\n'}${section}\n` : `${rest}\n\n${section}`;
}

/** The file without it; null: nothing else was in it. */
export function removeSection(text: string): string | null {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return text;
  const [before, after] = [text.slice(0, from), text.slice(to + end.length)];
  if (before === '' && (after === '' || after === '\n')) return null;
  if (after === '') return before.replace(/\n\n$/, '');
  return before.replace(/\n$/, '') + after.replace(/^\n/, '');
}
