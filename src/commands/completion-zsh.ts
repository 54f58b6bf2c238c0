import { brief, listRefs, offerOf, takesFile } from './completes.ts';
import type { Listed } from './listed.ts';
import type { Flag } from './options.ts';

/** What zsh reads: `source <(protect completion zsh)`, or as a file `_protect` on its fpath. */
export function zshCompletion(commands: readonly Listed[]): string {
  return `#compdef protect git-protect
# Completion of protect and git-protect for zsh: source <(protect completion zsh), behind compinit
_git_protect_refs() {
  local -a refs=(\${(f)"$(${listRefs})"})
  compadd -a refs
}
_git_protect() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${describedAs(commands, '      ')}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${commands.map((command) => `    ${command.name})\n${commandCase(command)}      ;;`).join('\n')}
  esac
}
if [ "$funcstack[1]" = _protect ]; then _git_protect "$@"; else compdef _git_protect protect git-protect; fi
`;
}

function commandCase({ usage, verbs }: Listed): string {
  if (verbs.length === 0) return `${argumentsOf(usage, '      ')}\n`;
  const offered = `      if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
        local -a verbs=(\n${describedAs(verbs, '          ')}\n        )
        _describe verb verbs
        return
      fi\n`;
  if (usage.verbs === undefined)
    return `${offered}      shift words; (( CURRENT-- ))\n${argumentsOf(usage, '      ')}\n`;
  const cases = verbs.map((verb) => `        ${verb.name})\n${argumentsOf(verb.usage, '          ')}\n          ;;`);
  return `${offered}      local verb=$words[2]\n      shift words; (( CURRENT-- ))\n      case $verb in\n${cases.join('\n')}\n      esac\n`;
}

function describedAs(named: readonly Listed[], indent: string): string {
  return named
    .map(({ name, does }) => `${indent}${quoted(does === '' ? name : `${name}:${brief(does).replaceAll(':', '\\:')}`)}`)
    .join('\n');
}

function argumentsOf({ flags, words }: Listed['usage'], indent: string): string {
  const specs = Object.entries(flags).map(([name, flag]) => flagSpec(name, flag));
  const all = [...specs, quoted('--help[show the flags]'), ...(takesFile(words) ? [quoted('*:file:_files')] : [])];
  return `${indent}_arguments -s ${all.join(' ')}`;
}

function flagSpec(name: string, flag: Flag): string {
  const means = brief(flag.means).replace(/[[\]\\:]/g, '\\$&');
  const takes = flag.type === 'string' ? `:${(flag.value ?? '').replaceAll(':', '')}:${actionOf(flag)}` : '';
  const often = flag.multiple ? '*' : '';
  if (flag.short === undefined) return quoted(`${often}--${name}[${means}]${takes}`);
  const rest = `[${means}]${takes}`;
  return `${quoted(`(-${flag.short} --${name})`)}{-${flag.short},--${name}}${quoted(rest)}`;
}

function actionOf(flag: Flag): string {
  const offer = offerOf(flag);
  if (offer === null) return ' ';
  if (typeof offer !== 'string') return `(${offer.values.join(' ')})`;
  return { file: '_files', folder: '_files -/', ref: '_git_protect_refs' }[offer];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
