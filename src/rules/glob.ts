/** A compiled glob. The time of a test grows with the length of the name times that of the glob, never faster. */
export interface Glob {
  test(name: string): boolean;
}

/** Compiles a glob for branch and tag names: `*` within a segment, `**` across. */
export function compileGlob(glob: string): Glob {
  return tester(segments(glob, 1));
}

/** Compiles a pattern in gitignore syntax, without its `!`: it matches a path and all that is below it. */
export function compilePath(pattern: string): Glob {
  const isFolder = pattern.endsWith('/');
  const trimmed = isFolder ? pattern.slice(0, -1) : pattern;
  const anywhere = trimmed.includes('/') ? [] : [many];
  const below = isFolder ? [() => true, many] : [many];
  return tester([...anywhere, ...segments(trimmed.replace(/^\//, ''), isFolder ? 2 : 1), ...below]);
}

/** Is an item as it should be? `after` items follow it. */
type Test = (item: string, after: number) => boolean;

/** Stands for any number of items of any kind. */
const many = null;

/** Does each item pass its test? Going back to the last `many` is enough: an earlier one never has to give way. */
function fits(tests: readonly (Test | typeof many)[], items: readonly string[]): boolean {
  let [at, next, last, from] = [0, 0, -1, 0];
  while (at < items.length) {
    const test = tests[next];
    if (test === many) {
      [last, from] = [next, at];
      next++;
    } else if (test?.(items[at]!, items.length - at - 1)) {
      at++;
      next++;
    } else if (last >= 0) {
      from++;
      [next, at] = [last + 1, from];
    } else return false;
  }
  while (tests[next] === many) next++;
  return next === tests.length;
}

function tester(tests: readonly (Test | typeof many)[]): Glob {
  return { test: (name) => fits(tests, split(name)) };
}

function split(name: string): readonly string[] {
  // Each name meets many globs in turn.
  if (name !== lastName) [lastName, lastSplit] = [name, name.split('/')];
  return lastSplit;
}
let lastName: string | undefined;
let lastSplit: readonly string[] = [];

/**
 * What a glob asks of the segments of a name.
 * @param rest how many segments must follow where `**` at the end stands for an empty one
 */
function segments(glob: string, rest: number): (Test | typeof many)[] {
  const tests: (Test | typeof many)[] = [];
  let units: Unit[] = [];
  for (let at = 0; at < glob.length; ) {
    const stars = /^\*{2,}(?=\/|$)/.exec(at === 0 || glob[at - 1] === '/' ? glob.slice(at) : '')?.[0].length ?? 0;
    if (stars > 0 && at + stars === glob.length) return [...tests, (name, after) => name !== '' || after >= rest, many];
    if (stars > 0) tests.push(many);
    const [unit, length] = stars > 0 ? (['/', stars + 1] as const) : readUnit(glob.slice(at));
    at += length;
    if (unit !== '/') units.push(unit);
    else if (stars === 0) {
      tests.push(segment(units));
      units = [];
    }
  }
  return [...tests, segment(units)];
}

/** A literal character, a test of one character, or any number of them. */
type Unit = string | Test | typeof many;

/** The first unit of a glob, and how much of the text it took. */
function readUnit(text: string): readonly [Unit, number] {
  const stars = /^\*+/.exec(text);
  if (stars) return [many, stars[0].length];
  if (text[0] === '?') return [() => true, 1];
  if (text[0] === '[') {
    const [expression, length] = bracket(text);
    const compiled = new RegExp(`^${expression}$`, 'u');
    return [(char) => compiled.test(char), length];
  }
  const literal = text[0] === '\\' && text.length > 1 ? 1 : 0;
  const char = String.fromCodePoint(text.codePointAt(literal)!);
  return [char, literal + char.length];
}

function segment(units: readonly Unit[]): Test {
  if (units.every((unit) => typeof unit === 'string')) {
    const name = units.join('');
    return (item) => item === name;
  }
  const tests = units.map((unit) => (typeof unit === 'string' ? (char: string) => char === unit : unit));
  return (item) => fits(tests, [...item]);
}

/**
 * `[a-z]`, `[!a]`, `[[:alpha:]]`, as Git's wildmatch reads them: a regular expression for one character, and how much
 * of the text it took. A bracket that never closes stands for itself, a range in the wrong order for nothing.
 */
function bracket(rest: string): [string, number] {
  const not = rest[1] === '!' || rest[1] === '^';
  const chars = [...rest].slice(not ? 2 : 1);
  const set: string[] = [];
  let last: string | null = null;
  for (let at = 0; at < chars.length; at++) {
    if (chars[at] === ']' && at > 0) {
      const length = (not ? 2 : 1) + chars.slice(0, at + 1).join('').length;
      return [set.length === 0 && !not ? '(?!)' : `(?!/)[${not ? '^' : ''}${set.join('')}]`, length];
    }
    const name = /^\[:([^\]]*):\]/.exec(chars.slice(at).join(''))?.[1];
    if (name !== undefined) {
      if (classes[name] === undefined) return ['(?!)', rest.length];
      set.push(classes[name]);
      at += name.length + 3;
      last = null;
    } else if (chars[at] === '-' && last !== null && at + 1 < chars.length && chars[at + 1] !== ']') {
      at += chars[at + 1] === '\\' ? 2 : 1;
      const to = chars[at];
      if (to !== undefined && last.codePointAt(0)! <= to.codePointAt(0)!) set.push(`${inSet(last)}-${inSet(to)}`);
      last = null;
    } else {
      if (chars[at] === '\\') at++;
      last = chars[at] ?? null;
      if (last !== null) set.push(inSet(last));
    }
  }
  return ['\\[', 1];
}

const classes: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t\\n\\r ',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  graph: '!-~',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  xdigit: '0-9A-Fa-f',
};

function inSet(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}
