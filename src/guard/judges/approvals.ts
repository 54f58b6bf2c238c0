import { has, scan } from '../git/options.ts';
import type { Refusal } from '../verdict.ts';
import type { Judge, Part } from './judge.ts';

const refusal = ({ run: { text } }: Part, message: string, help: string): Refusal => ({
  kind: 'approvals',
  part: text,
  message,
  help,
});
const help =
  'npx git-protect request -o change.request writes what an owner needs to look at; they sign on their own machine';

/** Signing in an owner's place. */
export const approvals: Judge = (part) => {
  const own =
    part.git?.name === 'protect'
      ? part.git.args
      : part.name === 'git-protect' || part.name === 'protect'
        ? part.words.slice(1)
        : scripted(part.words);
  const verb = own?.find((word) => !word.startsWith('-'));
  if (verb === 'approve' && !own!.some((word) => word === '--help' || word === '-h'))
    return [refusal(part, 'an agent may not sign for an owner', help)];
  if (verb === 'predeploy' && own!.some((word) => word.startsWith('--readopt')))
    return [
      refusal(part, 'only a person may start the history of approvals anew', 'ask the person you work for to do it'),
    ];
  if (part.name === 'ssh-keygen') {
    const text = part.words.join(' ');
    const names = /(?:^|\s)-n\s*(\S+)/.exec(text)?.[1] ?? '';
    if (/(?:^|\s)-Y\s*sign(?:\s|$)/.test(text) && (/git-protect/.test(names) || names.includes('\0')))
      return [refusal(part, "a signature in git-protect's name is an owner's approval", help)];
  }
  return notes(part);
};

/** The command line by its file: `node node_modules/git-protect/dist/cli.js approve`. */
function scripted(words: readonly string[]): readonly string[] | null {
  const at = words.findIndex((word) =>
    /(?:^|[\\/])(?:git-protect[\\/]dist[\\/]cli\.js|\.bin[\\/](?:git-)?protect)$/.test(word),
  );
  return at < 0 ? null : words.slice(at + 1);
}

/** Notes on approvals look like evidence and are none. */
function notes(part: Part): Refusal[] {
  if (part.git?.name !== 'notes') return [];
  const { flags } = scan('notes', part.git.args);
  return has(flags, '--ref') && part.git.args.some((word) => /protect/.test(word))
    ? [refusal(part, 'an approval is a file that an owner signed, not a note', help)]
    : [];
}
