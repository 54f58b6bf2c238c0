const mark = '# git-protect';

/** Aider commits past the hooks unless this is set. @see https://aider.chat/docs/config/options.html */
export function addVerify(text: string | null): string {
  const line = /^([ \t]*git-commit-verify[ \t]*:[ \t]*)([^\n#]*?)([ \t]*(?:#[^\n]*)?)$/m;
  const [whole, key, value, rest] = line.exec(text ?? '') ?? [];
  if (value !== undefined && /^true$/i.test(value)) return text!;
  if (whole !== undefined) return text!.replace(line, () => `${key}true ${mark}, it was: ${value}${rest}`);
  const [start] = /^(?:---[^\n]*\n)?/.exec(text ?? '')!;
  return `${start}git-commit-verify: true ${mark}\n${(text ?? '').slice(start!.length)}`;
}

/** As it was before; null: nothing else is in it. */
export function removeVerify(text: string): string | null {
  const restored = text
    .replace(/true # git-protect, it was: ([^\n]*)$/m, '$1')
    .replace(/^git-commit-verify: true # git-protect\n/m, '');
  return restored === '' && text !== '' ? null : restored;
}
