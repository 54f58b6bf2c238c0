import { type HealthEndpoint, Undecided } from '../model/index.ts';
import { shortened } from '../words/shortened.ts';
import type { JsonPath } from './settings/json-path.ts';

/** What a service answers when it is asked how it is. */

/** Characters of an answer that a finding shows. */
const shown = 80;
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

type Expected = Pick<HealthEndpoint, 'expect' | 'commit'>;

/**
 * Judges bodies.
 * @param quotes may what it says hold the beginning of a body? Not where it is written down: a service in trouble says much
 * @throws Undecided for a JSONPath that is none
 */
export async function answerJudge(
  { expect, commit }: Expected,
  deployed: string,
  quotes = true,
): Promise<(body: string) => string | null> {
  const wanted = await Promise.all(
    Object.entries(expect).map(async ([path, value]) => ({ path, value, find: await compiled(path) })),
  );
  const running = commit === null ? null : { path: commit, find: await compiled(commit) };
  if (wanted.length === 0 && running === null) return () => null;
  const { readJson } = await import('./settings/json.ts');
  return (body) => {
    try {
      const text = body.replace(/^\ufeff/, '');
      JSON.parse(text); // The reader of settings takes comments too; it refuses a key that is there twice.
      const { value } = readJson(text);
      for (const { path, value: expected, find } of wanted) {
        const fault = valueFault(
          path,
          find(value).map((match) => match.value),
          expected,
        );
        if (fault !== null) return fault;
      }
      return (
        running &&
        commitFault(
          running.path,
          running.find(value).map((match) => match.value),
          deployed,
        )
      );
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const why = error.name === 'Unreadable' ? `JSON that ${shorten(error.message)}` : 'what is not JSON';
      return `answers with ${why}${quotes ? excerpt(body) : ''}`;
    }
  };
}

async function compiled(path: string): Promise<JsonPath> {
  const { compilePath } = await import('./settings/json-path.ts');
  try {
    return await compilePath(path);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Undecided(`'${path}' is not a JSONPath: ${error.message}`, 'correct it under deploy: in the policy');
  }
}

function valueFault(
  path: string,
  found: readonly unknown[],
  expected: HealthEndpoint['expect'][string],
): string | null {
  if (found.length === 0) return `has nothing at ${path}, expected ${JSON.stringify(expected)}`;
  const other = found.findIndex((value) => value !== expected);
  return other < 0 ? null : `has ${show(found[other])} at ${path}, expected ${JSON.stringify(expected)}`;
}

/** Names the commit by its id, or by an abbreviation of it. */
function commitFault(path: string, found: readonly unknown[], deployed: string): string | null {
  const expected = `expected ${deployed.slice(0, 12)}`;
  if (found.length === 0) return `names no commit at ${path}, ${expected}`;
  const names = (value: unknown) => isCommitId(value) && deployed.startsWith(value.toLowerCase());
  const other = found.findIndex((value) => !names(value));
  return other < 0 ? null : `runs ${show(found[other])} by ${path}, ${expected}`;
}

const isCommitId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{7,64}$/i.test(value);

function show(value: unknown): string {
  return shorten(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value));
}

export function excerpt(body: string): string {
  const line = shorten(body.slice(0, 10_000).replace(/\s+/g, ' ').trim());
  return line === '' ? ', with an empty body' : `: ${line}`;
}

/** What nobody would see is shown as a replacement character, so that what is told stays short. */
export function shorten(text: string): string {
  return shortened(text.replace(hidden, '\ufffd'), shown);
}

/** Finds the commit that an answer names, by its id or an abbreviation of it; null: it names none, or several. */
export async function commitReader(path: string): Promise<(body: string) => string | null> {
  const find = await compiled(path);
  const { readJson } = await import('./settings/json.ts');
  return (body) => {
    try {
      const found = find(readJson(body.replace(/^\ufeff/, '')).value).map((match) => match.value);
      return found.length === 1 && isCommitId(found[0]) ? found[0].toLowerCase() : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  };
}
