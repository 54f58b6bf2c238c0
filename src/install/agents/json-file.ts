import { UsageError } from '../../model/index.ts';

/** An element that is to stand last in an array of a JSON file. */
export interface Insertion {
  /** Keys that lead to the array, `['hooks', 'PreToolUse']`. */
  readonly at: readonly string[];
  readonly element: unknown;
}

/** Is this element ours, of whichever version? */
type IsOurs = (element: unknown) => boolean;

/**
 * The text with the element last in its array. Nothing else in it changes, not a space, so that `removeElement` restores it
 * to the byte.
 * @param text a byte a character
 * @throws UsageError naming the line where it is no JSON, or where something else stands in the place of the array
 */
export function addElement(text: string, path: string, { at, element }: Insertion, isOurs: IsOurs): string {
  const present = arrayAt(parse(text, path), at, path);
  const ours = present?.filter(isOurs) ?? [];
  if (ours.length === 1 && JSON.stringify(ours[0]) === JSON.stringify(element)) return text;
  const clean = ours.length > 0 ? withoutElement(text, path, at, isOurs) : text;
  const edited = insert(clean, at, element);
  const now = arrayAt(parse(edited, path), at, path);
  if (JSON.stringify(now?.at(-1)) !== JSON.stringify(element))
    throw new UsageError(
      `${path} has a form that no entry can be added to`,
      `add it by hand at ${at.join('.')}: ${JSON.stringify(element)}`,
    );
  return edited;
}

/** The text without our element; to the byte as it was before, where nobody has written it anew since. */
export function removeElement(text: string, path: string, insertion: Insertion, isOurs: IsOurs): string {
  const present = arrayAt(parse(text, path), insertion.at, path);
  if (!present?.some(isOurs)) return text;
  for (const candidate of candidates(text, insertion)) {
    try {
      if (insert(candidate, insertion.at, insertion.element) === text) return candidate;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return withoutElement(text, path, insertion.at, isOurs);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const [, position] = /position (\d+)/.exec(message) ?? [];
    const line =
      position === undefined ? text.trimEnd().split('\n').length : text.slice(0, Number(position)).split('\n').length;
    throw new UsageError(
      `${path} is not valid JSON (line ${line}), so nothing is written to it`,
      `fix line ${line} of ${path}, then run this again`,
    );
  }
}

/** The array that the keys lead to; null where it is not there yet. */
function arrayAt(json: unknown, at: readonly string[], path: string): readonly unknown[] | null {
  let place = json;
  for (const [index, key] of at.entries()) {
    if (typeof place !== 'object' || place === null || Array.isArray(place))
      throw new UsageError(
        `${path} has no object at ${at.slice(0, index).join('.') || 'its top'}`,
        `make it one, then run this again`,
      );
    place = (place as Record<string, unknown>)[key];
    if (place === undefined) return null;
  }
  if (!Array.isArray(place))
    throw new UsageError(`${path} has no list at ${at.join('.')}`, `make it one, then run this again`);
  return place;
}

/** Puts the element behind the last one, or the keys that lead to it behind the last key that is there. */
function insert(text: string, at: readonly string[], element: unknown): string {
  let place = valueAt(text, skip(text, 0));
  let depth = 0;
  for (; depth < at.length; depth++) {
    const inner = place.members.find(({ key }) => key === at[depth]);
    if (inner === undefined) break;
    place = valueAt(text, inner.start);
  }
  const json = JSON.stringify(element);
  const entry = at
    .slice(depth)
    .reduceRight(
      (value, key, index) =>
        `${JSON.stringify(key)}: ${index === at.length - depth - 1 ? `[${json}]` : `{ ${value} }`}`,
      '',
    );
  const fragment = depth === at.length ? json : entry;
  const last = place.members.at(-1);
  if (last === undefined) return `${text.slice(0, place.start + 1)}${fragment}${text.slice(place.start + 1)}`;
  return `${text.slice(0, last.end)},${before(text, last.from)}${fragment}${text.slice(last.end)}`;
}

/** The white space in front of a member: what comes behind it is set in the same way. */
function before(text: string, from: number): string {
  const [space] = /\s*$/.exec(text.slice(0, from))!;
  return space === '' ? ' ' : space;
}

/** Every text that this one could have been made from. */
function* candidates(text: string, { at, element }: Insertion): Generator<string> {
  const json = JSON.stringify(element);
  for (let depth = 0; depth <= at.length; depth++) {
    const entry = at
      .slice(depth)
      .reduceRight(
        (value, key, index) =>
          `${JSON.stringify(key)}: ${index === at.length - depth - 1 ? `[${json}]` : `{ ${value} }`}`,
        '',
      );
    const fragment = depth === at.length ? json : entry;
    for (let found = text.indexOf(fragment); found >= 0; found = text.indexOf(fragment, found + 1)) {
      const end = found + fragment.length;
      const [comma] = /,\s*$/.exec(text.slice(0, found)) ?? [];
      yield `${text.slice(0, found - (comma?.length ?? 0))}${text.slice(end)}`;
    }
  }
}

/** Takes ours out of a text that somebody has formatted anew: the rest of it is written as it is indented. */
function withoutElement(text: string, path: string, at: readonly string[], isOurs: IsOurs): string {
  const json = parse(text, path) as Record<string, unknown>;
  const prune = (value: unknown, keys: readonly string[]): unknown => {
    const [key, ...rest] = keys;
    if (key === undefined) return (value as unknown[]).filter((element) => !isOurs(element));
    const object = { ...(value as Record<string, unknown>) };
    const inner = prune(object[key], rest);
    if (isEmpty(inner)) delete object[key];
    else object[key] = inner;
    return object;
  };
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? 2;
  return `${JSON.stringify(prune(json, at), null, indent)}${text.endsWith('\n') ? '\n' : ''}`;
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

interface Member {
  /** Where it begins, its key included. */
  readonly from: number;
  readonly key: string | null;
  /** Where its value stands. */
  readonly start: number;
  readonly end: number;
}

interface Value {
  readonly start: number;
  readonly end: number;
  readonly members: readonly Member[];
}

const skip = (text: string, at: number) => at + /^\s*/.exec(text.slice(at))![0].length;

/** Where a value of valid JSON and its members stand. */
function valueAt(text: string, start: number): Value {
  const open = text[start];
  if (open !== '{' && open !== '[') return { start, end: scalarEnd(text, start), members: [] };
  const members: Member[] = [];
  let at = skip(text, start + 1);
  while (text[at] !== '}' && text[at] !== ']') {
    const from = at;
    let key: string | null = null;
    if (open === '{') {
      const end = scalarEnd(text, at);
      key = JSON.parse(text.slice(at, end)) as string;
      at = skip(text, skip(text, end) + 1);
    }
    const { end } = valueAt(text, at);
    members.push({ from, key, start: at, end });
    at = skip(text, end);
    if (text[at] === ',') at = skip(text, at + 1);
    if (at >= text.length) throw new SyntaxError('it ends too early');
  }
  return { start, end: at + 1, members };
}

function scalarEnd(text: string, start: number): number {
  const [scalar] = /^(?:"(?:[^"\\]|\\.)*"|[^\s,\]}]+)/.exec(text.slice(start)) ?? [];
  if (scalar === undefined) throw new SyntaxError('no value stands there');
  return start + scalar.length;
}
