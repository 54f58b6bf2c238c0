import { brief, listRefs, offerOf, takesFile } from './completes.ts';
import type { Listed } from './listed.ts';
import type { Flag } from './options.ts';

/** What fish reads: `protect completion fish | source`, or as a file in its folder of completions. */
export function fishCompletion(commands: readonly Listed[]): string {
  const lines = commands.flatMap((command) => [
    offer('test (count (commandline -opc)) -eq 1', `-a ${command.name} -d ${quoted(brief(command.does))}`),
    ...commandLines(command),
  ]);
  const body = lines.map((line) => `  ${line}`).join('\n');
  return `# Completion of protect and git-protect for fish: protect completion fish | source
function __git_protect_at
  set -l words (commandline -opc)
  set -l last (count $argv)
  set -e words[1]
  test (count $words) -ge $last; and test "$words[1..$last]" = "$argv"
end
for name in protect git-protect
  complete -c $name -f
  complete -c $name -l help -d 'show the flags'
${body}
end
`;
}

function commandLines({ name, usage, verbs }: Listed): string[] {
  const second = verbs.map((verb) =>
    offer(
      `__git_protect_at ${name}; and test (count (commandline -opc)) -eq 2`,
      `-a ${verb.name}${verb.does === '' ? '' : ` -d ${quoted(brief(verb.does))}`}`,
    ),
  );
  const own = usage.verbs === undefined ? flagLines(name, usage) : [];
  const theirs =
    usage.verbs === undefined ? [] : verbs.flatMap((verb) => flagLines(`${name} ${verb.name}`, verb.usage));
  return [...second, ...own, ...theirs];
}

function flagLines(at: string, { flags, words }: Listed['usage']): string[] {
  const here = `__git_protect_at ${at}`;
  const lines = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short ? `-s ${flag.short} ` : '';
    return offer(here, `${short}-l ${name}${takes(flag)} -d ${quoted(brief(flag.means))}`);
  });
  return takesFile(words) ? [...lines, offer(here, '-F')] : lines;
}

function takes(flag: Flag): string {
  if (flag.type !== 'string') return '';
  const what = offerOf(flag);
  if (what === null) return ' -x';
  if (typeof what !== 'string') return ` -x -a ${quoted(what.values.join(' '))}`;
  return { file: ' -r -F', folder: " -x -a '(__fish_complete_directories)'", ref: ` -x -a ${quoted(`(${listRefs})`)}` }[
    what
  ];
}

function offer(condition: string, what: string): string {
  return `complete -c $name -n ${quoted(condition)} ${what}`;
}

/** In single quotes fish reads \\\\ and \\' alone. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
