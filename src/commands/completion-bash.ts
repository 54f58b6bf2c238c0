import { listRefs, offerOf, takesFile } from './completes.ts';
import type { Listed } from './listed.ts';

/** What bash reads: `eval "$(protect completion bash)"`, also for `git protect`. */
export function bashCompletion(commands: readonly Listed[]): string {
  const names = [...commands.map(({ name }) => name), '--help', '--version'].join(' ');
  const cases = commands.map((command) => `    ${command.name})\n${commandCase(command)}      ;;`).join('\n');
  return `# Completion of protect and git-protect for bash: eval "$(protect completion bash)"
_git_protect_names() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY+=($(compgen "$1" -- "$current"))
}
_git_protect() {
  local at=0 flags= words= files= value= current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  [ "\${COMP_WORDS[0]}" = git ] && at=1
  local command=\${COMP_WORDS[at+1]} verb=\${COMP_WORDS[at+2]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq $((at+1)) ]; then
    COMPREPLY=($(compgen -W '${names}' -- "$current"))
    return
  fi
  [ "$COMP_CWORD" -eq $((at+2)) ] && verb=
  case $command in
${cases}
  esac
  case $value in
    none) ;;
    file) _git_protect_names -f ;;
    folder) _git_protect_names -d ;;
    ref) COMPREPLY=($(compgen -W "$(${listRefs})" -- "$current")) ;;
    ?*) COMPREPLY=($(compgen -W "$value" -- "$current")) ;;
    *)
      case $current in
        -*) COMPREPLY=($(compgen -W "$flags --help" -- "$current")) ;;
        *)
          [ "$COMP_CWORD" -eq $((at+2)) ] && COMPREPLY=($(compgen -W "$words" -- "$current"))
          [ -n "$files" ] && _git_protect_names -f
          ;;
      esac
      ;;
  esac
}
complete -F _git_protect protect git-protect
`;
}

function commandCase({ usage, verbs }: Listed): string {
  const words = verbs.length > 0 ? `      words='${verbs.map(({ name }) => name).join(' ')}'\n` : '';
  if (usage.verbs === undefined) return `${words}${flagLines(usage, '      ')}`;
  const cases = verbs.map((verb) => `        ${verb.name})\n${flagLines(verb.usage, '          ')}          ;;`);
  return `${words}      case $verb in\n${cases.join('\n')}\n      esac\n`;
}

function flagLines({ flags, words }: Listed['usage'], indent: string): string {
  const entries = Object.entries(flags);
  const values = entries
    .filter(([, { type }]) => type === 'string')
    .map(([name, flag]) => {
      const offer = offerOf(flag);
      const value = offer === null ? 'none' : typeof offer === 'string' ? offer : offer.values.join(' ');
      return `${flag.short ? `-${flag.short}|` : ''}--${name}) value='${value}' ;;`;
    });
  const lines = [
    ...(entries.length > 0 ? [`flags='${entries.map(([name]) => `--${name}`).join(' ')}'`] : []),
    ...(takesFile(words) ? ['files=1'] : []),
    ...(values.length > 0 ? [`case $before in ${values.join(' ')} esac`] : []),
    ':',
  ];
  return lines.map((line) => `${indent}${line}\n`).join('');
}
