import { shellWord } from '../../words/shell-word.ts';

/** What the host says is read to its end: one that cannot write it may take that for no answer. */
const drain = 'while read -r _; do :; done';

/** Exit code 2 and a line on standard error. */
const byExitCode = `${drain}; echo "$m" >&2; exit 2`;

/** Hosts that read their own JSON. */
const byJson: Readonly<Record<string, string>> = {
  cline: `${drain}; printf '{"cancel":true,"errorMessage":"%s"}\\n' "$m"; exit 0`,
  copilot: `${drain}; printf '{"permissionDecision":"deny","permissionDecisionReason":"%s"}\\n' "$m"; exit 0`,
};

/**
 * The command that a host runs before each tool call: one line of sh that finds the guard and refuses where the package, node or
 * the guard itself is missing or fails. Most hosts would let the call through then.
 * @param folder where the package is installed, from the top, `.` for it
 */
export function wrapperCommand(host: string, folder: string): string {
  return wrapperLines(host, folder).join('; ');
}

/** The same, a line for each step. */
export function wrapperLines(host: string, folder: string): readonly string[] {
  const guard = `${folder === '.' ? '' : `${folder}/`}node_modules/git-protect/dist/guard.cjs`;
  const refuse = byJson[host] ?? byExitCode;
  const said = host in byJson ? `[ $c = 2 ] && m='git-protect refused this call'; ` : `[ $c = 2 ] && exit 2; `;
  return [
    'm="git-protect refused this: the package is not installed here, so nothing can be judged; a person installs it: npm ci"',
    `d="\${CLAUDE_PROJECT_DIR:-$PWD}"`,
    `g=${shellWord(guard)}`,
    `while [ ! -f "$d/$g" ] && [ -n "$d" ]; do d="\${d%/*}"; done`,
    `[ -f "$d/$g" ] || { ${refuse}; }`,
    `node "$d/$g" --host ${host}`,
    'c=$?',
    '[ $c = 0 ] && exit 0',
    `m="git-protect refused this: the guard failed ($c), so nothing was judged; a person runs npx git-protect doctor"`,
    `${said}${refuse}`,
  ];
}

/** The same for PowerShell, which Copilot runs on Windows. */
export function powershellCommand(host: string, folder: string): string {
  const guard = `${folder === '.' ? '' : `${folder}/`}node_modules/git-protect/dist/guard.cjs`;
  const deny = (why: string) =>
    `'{"permissionDecision":"deny","permissionDecisionReason":"git-protect refused this: ${why}"}'; exit 0`;
  return `if (-not (Test-Path '${guard}')) { ${deny('the package is not installed here')} }; $input | node '${guard}' --host ${host}; if ($LASTEXITCODE -ne 0) { ${deny('the guard failed')} }`;
}

/** Every command of ours, of whichever version, has this in it. */
export const isWrapper = (command: unknown) =>
  typeof command === 'string' && /git-protect\/dist\/guard\.cjs/.test(command);
