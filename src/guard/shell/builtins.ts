import { shellWord } from '../../words/shell-word.ts';
import { absolute } from './details.ts';
import { hole, isKnown, programName, type Run } from './run.ts';
import { Scope } from './scope.ts';
import { isShell, shellScript } from './shells.ts';
import { fromFile, type Started, type Surroundings, withWords } from './started.ts';

/** Does what a builtin does to the scope, and finds the script that a run reads; null: it is neither. */
export function commandOf(run: Run, scope: Scope, place: Surroundings): Started {
  const words = run.words.map(({ text }) => text);
  const name = programName(words[0]!);
  const rest = words.slice(1);
  switch (name) {
    case 'cd':
    case 'pushd':
      scope.cwd = changed(scope, rest, place);
      return {};
    case 'popd':
      scope.cwd = null;
      return {};
    case 'export':
    case 'declare':
    case 'typeset':
    case 'local':
    case 'readonly':
      for (const word of rest) assign(scope, word, name === 'export' || rest.some((each) => /^-\w*x/.test(each)));
      return {};
    case 'unset':
      for (const word of rest) scope.unset(word);
      return {};
    case 'read':
      for (const word of rest) if (/^[A-Za-z_]\w*$/.test(word)) scope.set(word, hole);
      return {};
    case 'alias':
      for (const word of rest) {
        const [, alias, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
        if (alias !== undefined) scope.aliases.set(alias, value!);
      }
      return {};
    case 'set':
      if (rest[0] === '--') scope.words = rest.slice(1);
      if (rest.some((word) => /^-\w*a/.test(word))) for (const each of run.env.keys()) scope.export(each);
      return {};
    case 'eval':
      return evaluated(rest, scope);
    case 'at':
    case 'batch':
      return shellScript({ ...run, words: [{ text: name, glob: false }] }, scope, place);
    case 'source':
    case '.':
      return rest[0] === undefined ? {} : fromFile(rest[0], rest.slice(1), scope, place, scope);
    default:
      if (isShell(name)) return shellScript(run, scope, place);
      return packageScript(name, rest, scope, place) ?? ownScript(run, words, scope, place);
  }
}

/** `eval "$(ssh-agent -s)"`, `eval "$(direnv hook bash)"`: a program that prints what sets up the shell, by a word of its own. */
function setsUp(words: readonly string[] | null): boolean {
  if (
    words === null ||
    /^(?:base\d+|xxd|rev|tr|sed|g?awk|cat|curl|wget|openssl|gunzip|zcat|perl|python[\d.]*|node|ruby|printf|echo|head|tail|cut|jq)$/.test(
      programName(words[0] ?? ''),
    )
  )
    return false;
  return (
    words
      .slice(1)
      .some((word) =>
        /^(?:init|env|hook|shellenv|shell|docker-env|podman-env|completions?|activate|export|envs?|-s|-c|-|--shell.*|--export|--sh|--bash|--zsh)$/.test(
          word,
        ),
      ) || /(?:ssh-agent|dircolors|register-python-argcomplete|resize|lesspipe|locale)$/.test(words[0]!)
  );
}

function evaluated(words: readonly string[], scope: Scope): Started {
  const script = words.filter((word) => word !== '--').join(' ');
  if (isKnown(script)) return { script, scope };
  if (script.replaceAll(hole, '').trim() === '')
    return setsUp(scope.substituted) ? {} : { unclear: 'what eval runs is not written out' };
  return { script: script.replaceAll(hole, '$PROTECT_UNKNOWN'), scope };
}

/** `npm run NAME`, `yarn NAME`: the script of the package, with those that run before and after it. */
function packageScript(manager: string, words: readonly string[], scope: Scope, place: Surroundings): Started {
  if (!/^(?:npm|pnpm|yarn|bun)$/.test(manager)) return null;
  const plain = words.filter((word) => !word.startsWith('-'));
  const runs = plain[0] === 'run' || plain[0] === 'run-script' || plain[0] === 'rum';
  const name = runs ? plain[1] : plain[0];
  if (name === undefined || (!runs && manager === 'npm' && !/^(?:test|t|tst|start|stop|restart)$/.test(name)))
    return null;
  const scripts = [`pre${name}`, name, `post${name}`].flatMap(
    (each) => place.packageScript(each === 't' || each === 'tst' ? 'test' : each, scope.cwd) ?? [],
  );
  if (scripts.length === 0) return null;
  const at = words.indexOf(name);
  const more = words.slice(at + 1).filter((word) => word !== '--');
  const inner = new Scope(scope);
  inner.words = [];
  return {
    script: [...scripts.slice(0, -1), [scripts.at(-1)!, ...more.map(shellWord)].join(' ')].join('\n'),
    file: 'package.json',
    scope: inner,
  };
}

/** A script file of the tree that is started by its path. */
function ownScript(run: Run, words: readonly string[], scope: Scope, place: Surroundings): Started {
  const [path] = words;
  if (run.far || path === undefined || !path.includes('/') || !isKnown(path) || /^\/(?:usr|bin|sbin|opt)\//.test(path))
    return null;
  const script = place.script(path, run.cwd);
  return script !== null && /^#!.*\b(?:ba|da|z|k|a)?sh\b/.test(script)
    ? withWords(script, path, words.slice(1), scope)
    : null;
}

function assign(scope: Scope, word: string, isExported: boolean): void {
  const [, name, value] = /^([A-Za-z_]\w*)(?:\+?=(.*))?$/s.exec(word) ?? [];
  if (name === undefined) return;
  if (value !== undefined) scope.set(name, value);
  if (isExported) scope.export(name);
}

/** Where `cd` leads. One to a folder that is not there fails, and what follows it runs where it was. */
function changed(scope: Scope, words: readonly string[], place: Surroundings): string | null {
  const target = words.find((word) => word === '-' || !word.startsWith('-')) ?? scope.get('HOME') ?? hole;
  if (target === '-' || !isKnown(target)) return null;
  if (/^[A-Za-z]:[\\/]/.test(target)) return target;
  if (!target.startsWith('/') && scope.cwd === null) return null;
  const path = target.startsWith('/') ? target : `${scope.cwd}/${target}`;
  return place.isFolder(absolute(path, null)) ? path : scope.cwd;
}
