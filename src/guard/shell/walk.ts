import { commandOf } from './builtins.ts';
import { absolute, hasUnknownName, nested, quoted, readNames, withoutAlias } from './details.ts';
import { expand, expandOne, expandText } from './expand.ts';
import { impliedFiles } from './implied.ts';
import { printed } from './output.ts';
import { hole, type Input, isKnown, type Reading, type Redirect, type Run, type Unclear, type Word } from './run.ts';
import { Scope } from './scope.ts';
import type { Started, Surroundings } from './started.ts';
import {
  type Command,
  type CommandNode,
  type CompoundList,
  type PipelineNode,
  parse,
  type Redirection,
  type Script,
  type Statement,
} from './syntax.ts';
import { type Taken, takeOff } from './wrappers.ts';

interface Frame {
  readonly scope: Scope;
  readonly source: string;
  readonly input: Input | null;
  readonly redirects: readonly Redirect[];
  readonly around: readonly (readonly Word[])[];
  readonly env: ReadonlyMap<string, string>;
  readonly far: boolean;
  readonly more: boolean;
  readonly file: string | null;
  readonly depth: number;
}

const limits = { depth: 24, runs: 4000, loop: 16 };

/** Reads a command line as bash would. @throws RangeError where it is nested or multiplied past all use */
export function readShell(
  text: string,
  cwd: string | null,
  variables: Iterable<[string, string]>,
  around: Surroundings,
): Reading {
  const walk = new Walk(around);
  const scope = new Scope({ cwd, variables });
  walk.text(text, {
    scope,
    source: text,
    input: null,
    redirects: [],
    around: [],
    env: new Map(),
    far: false,
    more: false,
    file: null,
    depth: 0,
  });
  return walk;
}

class Walk implements Reading {
  readonly runs: Run[] = [];
  readonly unclear: Unclear[] = [];
  readonly #place: Surroundings;
  #frame: Frame | null = null;

  /** What the command line itself has written so far, by the path. */
  readonly #written = new Map<string, string>();
  /** Folders that it has made. */
  readonly #made: string[] = [];

  constructor(place: Surroundings) {
    this.#place = {
      ...place,
      script: (path, cwd) => this.#written.get(absolute(path, cwd)) ?? place.script(path, cwd),
      isFolder: (path) =>
        place.isFolder(path) || this.#made.some((made) => path === made || path.startsWith(`${made}/`)),
    };
  }

  /** Keeps a run, with what it leaves for those that follow. */
  #keep(run: Run): void {
    this.runs.push(run);
    const content = printed({ ...run, redirects: [] });
    for (const { operator, target } of run.redirects)
      if (content !== null && operator.startsWith('>')) {
        const path = absolute(target.text, run.cwd);
        this.#written.set(path, (operator === '>>' ? (this.#written.get(path) ?? '') : '') + content);
      }
    const words = run.words.map(({ text }) => text);
    const made =
      words[0] === 'mkdir' || (words[0] === 'git' && /^(?:clone|init|worktree)$/.test(words[1] ?? ''))
        ? words.slice(1)
        : [];
    for (const word of made) if (!word.startsWith('-')) this.#made.push(absolute(word, run.cwd));
  }

  text(text: string, frame: Frame): void {
    if (frame.depth > limits.depth) throw new RangeError('it is nested too deeply');
    const script = parse(text);
    if (script.errors !== undefined && script.errors.length > 0 && frame.file === null)
      this.unclear.push({ text, what: `the command is not a complete shell command (${script.errors[0]!.message})` });
    this.#script(script, { ...frame, source: text });
  }

  substitute(script: Script, scope: Scope): string | null {
    const frame = this.#frame!;
    const inner = {
      ...frame,
      scope: new Scope(scope),
      source: script.source ?? frame.source,
      input: null,
      redirects: [],
      depth: frame.depth + 1,
    };
    if (inner.depth > limits.depth) throw new RangeError('it is nested too deeply');
    const before = this.runs.length;
    this.#script(script, inner);
    this.#frame = frame;
    const started = this.runs.slice(before);
    const text = started.length === 1 ? this.#printed(started[0]!) : null;
    scope.substituted = text === null && started.length === 1 ? started[0]!.words.map((word) => word.text) : null;
    return text;
  }

  #printed(run: Run): string | null {
    const text = printed(run);
    if (text !== null) return text.replace(/\n+$/, '');
    const words = run.words.map((word) => word.text);
    return words.every(isKnown) && run.redirects.every(({ target }) => target.text === '/dev/null')
      ? this.#place.prints(words, run.cwd)
      : null;
  }

  #script({ commands }: Script, frame: Frame): void {
    for (const statement of commands) this.#statement(statement, frame);
  }

  #list({ commands }: CompoundList, frame: Frame): void {
    for (const statement of commands) this.#statement(statement, frame);
  }

  #statement({ command, background }: Statement, frame: Frame): void {
    const inner = background ? { ...frame, scope: new Scope(frame.scope) } : frame;
    if (command.type === 'AndOr') for (const each of command.commands) this.#pipeline(each, inner);
    else this.#pipeline(command, inner);
  }

  #pipeline(node: PipelineNode, frame: Frame): void {
    if (node.type !== 'Pipeline') {
      this.#command(node, frame);
      return;
    }
    let input: Input | null = frame.input;
    for (const [index, command] of node.commands.entries()) {
      const before = this.runs.length;
      const isLast = index === node.commands.length - 1;
      // Each part of a pipeline is a shell of its own; what the last one sets some shells keep.
      this.#command(command, {
        ...frame,
        input,
        scope: isLast && node.commands.length === 1 ? frame.scope : new Scope(frame.scope),
      });
      const started = this.runs.slice(before);
      const text =
        started.length === 0
          ? null
          : started.every((run) => printed(run) !== null)
            ? started.map((run) => printed(run)!).join('')
            : null;
      const last = started.at(-1);
      const file = started.length === 1 && last !== undefined ? this.#shownFile(last) : null;
      input = {
        text: text !== null && isKnown(text) ? text : file,
        from: last === undefined ? null : last.words.map((word) => word.text).join(' '),
      };
    }
  }

  /** `cat FILE…`: what the files hold, as far as they can be read. */
  #shownFile({ words, redirects, cwd, far }: Run): string | null {
    const [name, ...files] = words.map(({ text }) => text);
    if (name !== 'cat' || far || files.length === 0 || redirects.length > 0) return null;
    const contents = files.map((file) =>
      file.startsWith('-') || !isKnown(file) ? null : this.#place.script(file, cwd),
    );
    return contents.every((content) => content !== null) ? contents.join('') : null;
  }

  #command(node: CommandNode, frame: Frame): void {
    switch (node.type) {
      case 'Command':
        this.#simple(node, frame);
        return;
      case 'Redirected': {
        const { redirects, input } = this.#redirects(node.redirects, frame);
        this.#command(node.command, {
          ...frame,
          redirects: [...frame.redirects, ...redirects],
          input: input ?? frame.input,
        });
        return;
      }
      case 'Function':
        frame.scope.functions.set(node.name.value, { node: node.body, source: null });
        return;
      case 'Coproc':
        this.#body(node.body, { ...frame, scope: new Scope(frame.scope) });
        return;
      default:
        this.#compound(node, frame);
        return;
    }
  }

  #body(node: CommandNode | CompoundList, frame: Frame): void {
    if (node.type === 'CompoundList') this.#list(node, frame);
    else this.#command(node, frame);
  }

  #compound(
    node: Exclude<CommandNode, { type: 'Command' | 'Redirected' | 'Function' | 'Coproc' }>,
    frame: Frame,
  ): void {
    switch (node.type) {
      case 'Subshell':
        this.#list(node.body, { ...frame, scope: new Scope(frame.scope) });
        return;
      case 'BraceGroup':
        this.#list(node.body, frame);
        return;
      case 'If':
        for (const list of [
          node.clause,
          node.then,
          ...node.elif.flatMap((each) => [each.clause, each.then]),
          ...(node.else ? [node.else] : []),
        ])
          this.#list(list, frame);
        return;
      case 'While':
        this.#list(node.clause, frame);
        for (const name of readNames(node.clause)) {
          const [file] = impliedFiles(frame.input?.from ?? null);
          frame.scope.set(name, file?.text ?? hole, file !== undefined);
        }
        this.#list(node.body, { ...frame, more: true });
        return;
      case 'ArithmeticFor':
        this.#list(node.body, frame);
        return;
      case 'For':
      case 'Select':
        this.#loop(node, frame);
        return;
      case 'Case':
        this.#words(node.word, frame);
        for (const item of node.items) this.#list(item.body, frame);
        return;
      case 'TestCommand':
      case 'ArithmeticCommand':
        // What stands in them is compared or counted; a substitution in them is rare, and read from the text.
        for (const inner of nested(node)) this.substituteIn(inner, frame);
        return;
    }
  }

  substituteIn(script: Script, frame: Frame): void {
    this.#frame = frame;
    this.substitute(script, frame.scope);
  }

  #loop(node: Extract<CommandNode, { type: 'For' | 'Select' }>, frame: Frame): void {
    const words: readonly Word[] =
      node.wordlist === undefined
        ? (frame.scope.words ?? [hole]).map((text) => ({ text, glob: false }))
        : node.wordlist.flatMap((word) => this.#words(word, frame));
    const rest = {
      text: words
        .slice(limits.loop - 1)
        .map(({ text }) => text)
        .join(' '),
      glob: false,
    };
    for (const { text, glob } of words.length > limits.loop ? [...words.slice(0, limits.loop - 1), rest] : words) {
      frame.scope.set(node.name.value, text, glob);
      this.#list(node.body, frame);
    }
  }

  #words(word: Parameters<typeof expand>[0], frame: Frame): Word[] {
    this.#frame = frame;
    return expand(word, frame.scope, this);
  }

  #one(word: Parameters<typeof expand>[0], frame: Frame): Word {
    this.#frame = frame;
    return expandOne(word, frame.scope, this);
  }

  #redirects(list: readonly Redirection[], frame: Frame): { redirects: Redirect[]; input: Input | null } {
    const redirects: Redirect[] = [];
    let input: Input | null = null;
    for (const redirect of list) {
      if (redirect.type === 'HereDoc') {
        this.#frame = frame;
        const { text, parts } = redirect.body;
        const body = redirect.delimiter?.quoted || parts === undefined ? text : expandText(parts, frame.scope, this);
        input = { text: body, from: null };
      } else if (redirect.type === 'HereString') {
        input = {
          text: redirect.target === undefined ? '' : `${this.#one(redirect.target, frame).text}\n`,
          from: null,
        };
      } else if (redirect.target !== undefined) {
        const target = this.#one(redirect.target, frame);
        redirects.push({ operator: redirect.operator, target });
        if (redirect.operator === '<' || redirect.operator === '<>')
          input = this.#fileInput(redirect.target, target, frame);
      }
    }
    return { redirects, input };
  }

  /** `< file`, or `< <(program)`, whose output may be known. */
  #fileInput(written: { parts?: readonly { type: string }[] | undefined }, { text }: Word, frame: Frame): Input {
    const part = written.parts?.[0] as { type: string; script?: Script } | undefined;
    if (part?.type === 'ProcessSubstitution' && part.script !== undefined) {
      const runs = this.runs.slice(-1);
      return {
        text: runs[0] === undefined ? null : printed(runs[0]),
        from: runs[0] === undefined ? null : runs[0].words.map((word) => word.text).join(' '),
      };
    }
    return { text: this.#place.script(text, frame.scope.cwd), from: text };
  }

  #simple(node: Command, frame: Frame): void {
    const { scope } = frame;
    const assigned = new Map<string, string>();
    for (const each of node.prefix)
      if (each.type === 'Assignment')
        for (const [name, value] of this.#assignment(each, frame)) assigned.set(name, value);
    const { redirects, input } = this.#redirects(node.redirects, frame);
    const words = node.name === undefined ? [] : this.#words(node.name, frame);
    for (const each of node.suffix) {
      if (each.type === 'Word') words.push(...this.#words(each, frame));
      else if (each.type === 'Assignment') {
        for (const [name, value] of this.#assignment(each, frame))
          words.push({ text: `${name}=${value}`, glob: false });
      }
    }
    const text = frame.source.slice(node.pos, node.end);
    if (words.length === 0) {
      for (const [name, value] of assigned) scope.set(name, value);
      if (redirects.length > 0)
        this.#start({ words: [{ text: ':', glob: false }], redirects, input, assigned, text }, frame);
      return;
    }
    this.#start({ words, redirects, input, assigned, text }, frame);
  }

  #assignment(node: Extract<Command['prefix'][number], { type: 'Assignment' }>, frame: Frame): [string, string][] {
    if (node.value.type === 'ArrayValue') {
      const value = node.value.elements
        .flatMap((word) => this.#words(word, frame))
        .map(({ text }) => text)
        .join(' ');
      return [[node.name, value]];
    }
    const value = this.#one(node.value, frame).text;
    return [[node.name, node.append ? `${frame.scope.get(node.name) ?? hole}${value}` : value]];
  }

  #start(
    simple: {
      words: readonly Word[];
      redirects: readonly Redirect[];
      input: Input | null;
      assigned: ReadonlyMap<string, string>;
      text: string;
    },
    frame: Frame,
  ): void {
    if (this.runs.length > limits.runs) throw new RangeError('it comes to too many commands');
    const { scope } = frame;
    const [first] = simple.words;
    const name = first!.text;
    const alias = scope.aliases.get(name);
    if (alias !== undefined && frame.depth < limits.depth) {
      const rest = simple.words.slice(1).map(({ text }) => quoted(text));
      this.text([alias, ...rest].join(' '), {
        ...frame,
        depth: frame.depth + 1,
        scope: withoutAlias(scope, name),
      });
      return;
    }
    const body = scope.functions.get(name);
    if (body !== undefined && frame.depth < limits.depth) {
      const inner = new Scope(scope);
      inner.words = simple.words.slice(1).map(({ text }) => text);
      inner.functions.delete(name);
      for (const [variable, value] of simple.assigned) inner.set(variable, value);
      const env = new Map([...frame.env, ...simple.assigned]);
      this.#body(body.node as CommandNode, {
        ...frame,
        scope: inner,
        env,
        redirects: [...frame.redirects, ...simple.redirects],
        input: simple.input ?? frame.input,
        depth: frame.depth + 1,
      });
      return;
    }
    const run: Run = {
      words: simple.words,
      around: frame.around,
      env: new Map([...scope.exported(), ...frame.env, ...simple.assigned]),
      redirects: [...frame.redirects, ...simple.redirects],
      input: simple.input ?? frame.input,
      cwd: scope.cwd,
      far: frame.far,
      more: frame.more,
      text: simple.text,
      file: frame.file,
    };
    this.#take(run, scope, frame);
  }

  /** Takes off what only starts another program, follows what is a script, and keeps what is left. */
  #take(run: Run, scope: Scope, frame: Frame): void {
    const started: Started = commandOf(run, scope, this.#place);
    if (started !== null) {
      this.#keep(run);
      this.#follow(started, run, frame);
      return;
    }
    const taken = takeOff(run);
    if (taken === null) {
      this.#keep(run);
      if (hasUnknownName(run) && run.file === null)
        this.unclear.push({ text: run.text, what: 'which program it starts is not written out' });
      return;
    }
    if (taken.keep || (taken.inner.length === 0 && taken.scripts.length === 0)) this.#keep(run);
    this.#taken(taken, run, scope, frame);
  }

  #taken(taken: Taken, run: Run, scope: Scope, frame: Frame): void {
    const env = new Map([...run.env, ...taken.env]);
    const around = [...run.around, run.words];
    const inner = {
      ...frame,
      around,
      env,
      far: frame.far || taken.far,
      more: frame.more || taken.more,
      depth: frame.depth + 1,
    };
    if (inner.depth > limits.depth) throw new RangeError('it is nested too deeply');
    for (const script of taken.scripts) {
      const own = new Scope(scope);
      own.words = taken.words;
      if (taken.cwd !== undefined) own.cwd = taken.cwd;
      if (isKnown(script)) this.text(script, { ...inner, scope: own, input: run.input, redirects: run.redirects });
      else this.#unknownScript(script, run, { ...inner, scope: own });
    }
    if (taken.inner.length === 0) return;
    const cwd = taken.cwd !== undefined ? taken.cwd : run.cwd;
    this.#take({ ...run, words: taken.inner, around, env, cwd, far: inner.far, more: inner.more }, scope, inner);
  }

  /** What is known of it is judged; that something is not known is told. */
  #unknownScript(script: string, run: Run, frame: Frame): void {
    const isWhole = script.replaceAll(hole, '').trim() === '';
    if (isWhole) this.unclear.push({ text: run.text, what: 'the script that it runs is not written out' });
    else this.text(script.replaceAll(hole, '$PROTECT_UNKNOWN'), frame);
  }

  #follow(started: NonNullable<Started>, run: Run, frame: Frame): void {
    if (started.unclear !== undefined) this.unclear.push({ text: run.text, what: started.unclear });
    if (started.script === undefined) return;
    const scope = started.scope ?? new Scope(frame.scope);
    this.text(started.script, {
      ...frame,
      scope,
      input: null,
      redirects: [],
      file: started.file ?? frame.file,
      depth: frame.depth + 1,
      around: [...run.around, run.words],
    });
  }
}
