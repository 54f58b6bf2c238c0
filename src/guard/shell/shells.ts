import { hole, isKnown, programName, type Run } from './run.ts';
import { Scope } from './scope.ts';
import { fromFile, type Started, type Surroundings } from './started.ts';

/** Is this a program that reads shell scripts? */
export const isShell = (name: string) => /^(?:r?bash|sh|zsh|dash|ksh|ash|fish|mksh)$/.test(name);

/** What a shell is told to run: by `-c`, from a file, or from what stands on its standard input. */
export function shellScript(run: Run, scope: Scope, place: Surroundings): Started {
  const words = run.words.map(({ text }) => text).slice(1);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (/^[-+][A-Za-z]*c[A-Za-z]*$/.test(word) || word === '--command') return fromText(words.slice(at + 1), scope);
    if (word.startsWith('--command=')) return fromText([word.slice('--command='.length)], scope);
    if (/^[-+]o$|^--(?:rcfile|init-file)$/.test(word)) at++;
    else if (word === '-s' || word === '-' || word === '--') break;
    else if (!/^[-+]/.test(word))
      return run.far
        ? {}
        : word.startsWith('/dev/fd/') || word === '/dev/stdin'
          ? fromInput(run, scope)
          : fromFile(word, words.slice(at + 1), scope, place);
  }
  return fromInput(run, scope);
}

function fromText(words: readonly string[], scope: Scope): Started {
  const at = words.findIndex((word) => !/^[-+][A-Za-z]+$/.test(word));
  const script = words[at];
  if (script === undefined) return {};
  const inner = new Scope(scope);
  inner.words = words.slice(at + 2);
  if (isKnown(script)) return { script, scope: inner };
  if (script.replaceAll(hole, '').trim() === '') return { unclear: 'the script that it runs is not written out' };
  return { script: script.replaceAll(hole, '$PROTECT_UNKNOWN'), scope: inner };
}

/** Installers are piped from the network every day, and nobody can read what is not there yet. */
const fetchers = /^(?:curl|wget)\b/;

function fromInput({ input, words }: Run, scope: Scope): Started {
  if (input === null) return {};
  if (input.text !== null) return { script: input.text.replaceAll(hole, '$PROTECT_UNKNOWN'), scope: new Scope(scope) };
  if (input.from !== null && (fetchers.test(programName(input.from.split(' ')[0]!)) || !/\s/.test(input.from)))
    return {};
  return { unclear: `what ${programName(words[0]!.text)} reads is made by another program, so it cannot be read here` };
}
