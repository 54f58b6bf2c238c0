import { showPath } from '../../git/raw.ts';
import {
  type BytePath,
  type Context,
  type PinnedSetting,
  type Problem,
  type State,
  type Step,
  Undecided,
} from '../../model/index.ts';
import { expectedValue, valueFault } from '../../readers/settings/judge.ts';
import { Unreadable } from '../../readers/settings/tree.ts';
import { type Finder, type Found, maxSettings, settingFinder } from '../../readers/settings/values.ts';
import { compilePattern } from '../../rules/match.ts';

/** The paths at which a setting is to be judged, and the steps that led there. */
export interface Places {
  readonly paths: readonly BytePath[];
  readonly steps: readonly Step[];
  /** Is that every path that the setting names? */
  readonly all: boolean;
}

/** How many files are read side by side. */
const together = 32;

/** Wrong values in one file that are told. */
const mostTold = 20;

/** Judges one setting of the policy at the places that a change concerns. */
export class SettingJudge {
  readonly #place: string;
  readonly #expected: { equals?: unknown; absent: boolean; inText: boolean };
  readonly #why: string;
  constructor(
    readonly setting: PinnedSetting,
    readonly index: number,
    readonly context: Context<'contents'>,
  ) {
    this.#place = setting.at ?? `'${setting.pattern}'`;
    this.#expected = { ...setting, inText: setting.pattern !== null };
    this.#why = setting.reason === '' ? '' : ` (${setting.reason})`;
  }

  async judge(places: Places): Promise<Problem[]> {
    const find = await this.#finder();
    const judged = await inGroups(places.paths, (path) => this.#judgeFile(path, find));
    const problems = [...judged.flatMap((file) => file.problems), ...this.#lookalikes(places)];
    if (refuses(problems) || this.setting.absent) return problems;
    const counts = new Map(judged.map(({ matches }, index) => [places.paths[index]!, matches]));
    problems.push(...(await this.#lostValues(places, counts, find)));
    if (refuses(problems) || sum([...counts.values()]) > 0) return problems;
    return (await this.#isElsewhere(places, find)) ? problems : [...problems, this.#nowhere()];
  }

  async #finder(): Promise<Finder> {
    try {
      return await settingFinder(this.setting);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const key = this.setting.at === null ? 'pattern' : 'at';
      throw new Undecided(`settings[${this.index}].${key} of the policy: ${error.message}`, 'correct it in the policy');
    }
  }

  async #judgeFile(path: BytePath, find: Finder): Promise<{ problems: Problem[]; matches: number }> {
    const { setting, context } = this;
    const state = await context.contents.stateAt(path);
    if (state === null)
      return { problems: [this.#problem('is not there, though its settings are pinned', path)], matches: 0 };
    if (!state.mode.startsWith('100')) {
      if (setting.files !== null && state.mode === '160000') return { problems: [], matches: 0 };
      const what = state.mode === '120000' ? 'a symlink' : 'not a regular file';
      return { problems: [this.#problem(`is ${what}, so its value cannot be told`, path)], matches: 0 };
    }
    const content = await context.contents.blobUpTo(state.oid, maxSettings);
    if (content === null) {
      const problem = this.#problem(`is larger than ${maxSettings >> 20} MiB and is not read`, path);
      const isSearched = setting.files !== null && setting.pattern !== null;
      return { problems: [isSearched ? { ...problem, severity: 'warning' } : problem], matches: 0 };
    }
    const found = await this.#read(find, content, path);
    if (!Array.isArray(found)) return { problems: [found as Problem], matches: 0 };
    const problems = this.#valueProblems(found, path);
    const isRequired = !setting.absent && (setting.file !== null || setting.at !== null);
    if (found.length === 0 && isRequired) problems.push(this.#missing(path));
    return { problems, matches: found.length };
  }

  async #read(find: Finder, content: Buffer, path: BytePath): Promise<readonly Found[] | Problem> {
    try {
      return await find(content, showPath(path));
    } catch (error) {
      if (error instanceof Unreadable) return this.#problem(error.message, path, error.line);
      throw error;
    }
  }

  #valueProblems(found: readonly Found[], path: BytePath): Problem[] {
    const problems: Problem[] = [];
    for (const value of found) {
      const fault = valueFault(value, this.#place, this.#expected);
      if (fault !== null) problems.push(this.#problem(fault, path, value.line));
      if (problems.length === mostTold) break;
    }
    return problems;
  }

  /** Another file that a case-insensitive file system would put in the place of the pinned one. */
  #lookalikes({ paths, steps }: Places): Problem[] {
    if (this.setting.file === null) return [];
    const others = steps.filter(({ path, to }) => to !== null && path !== paths[0]);
    const text = `could be taken for ${this.setting.file}, whose settings are pinned`;
    return others.map(({ path }) => this.#problem(text, path));
  }

  /**
   * Text that a pattern no longer finds may still be a setting, written differently. Values may move between files, and
   * go with a file that is deleted.
   */
  async #lostValues({ steps }: Places, counts: ReadonlyMap<BytePath, number>, find: Finder): Promise<Problem[]> {
    if (this.setting.pattern === null || this.context.gate === 'pre-deploy') return [];
    const before = await inGroups(steps, ({ from, path }) => this.#count(from, path, find));
    const after = steps.map(({ path }) => counts.get(path) ?? 0);
    if (sum(after) >= sum(before)) return [];
    return steps.flatMap(({ path, to }, index) => {
      if (to === null || after[index]! >= before[index]!) return [];
      return [
        this.#problem(
          `has ${after[index]} of its ${before[index]} values at ${this.#place}, expected ${this.#wanted()}`,
          path,
        ),
      ];
    });
  }

  /** Does another file hold the value, or did none of the changed ones ever hold it? */
  async #isElsewhere({ steps, all }: Places, find: Finder): Promise<boolean> {
    if (all) return false;
    const before = await inGroups(steps, ({ from, path }) => this.#count(from, path, find));
    if (sum(before) === 0) return true;
    const names = compilePattern(this.setting.files!).matches;
    for (const path of await this.context.contents.paths())
      if (names(path) && (await this.#count(await this.context.contents.stateAt(path), path, find)) > 0) return true;
    return false;
  }

  async #count(state: State | null, path: BytePath, find: Finder): Promise<number> {
    if (!state?.mode.startsWith('100')) return 0;
    const content = await this.context.contents.blobUpTo(state.oid, maxSettings);
    const found = content === null ? null : await this.#read(find, content, path);
    return Array.isArray(found) ? found.length : 0;
  }

  #missing(path: BytePath): Problem {
    return this.#problem(`has nothing at ${this.#place}, expected ${this.#wanted()}`, path);
  }

  #nowhere(): Problem {
    const { files } = this.setting;
    const message = `no file of ${files} has ${this.#place}, expected ${this.#wanted()}${this.#why}`;
    return { message, help: this.#help() };
  }

  #problem(fault: string, path: BytePath, line: number | null = null): Problem {
    const at = line === null ? {} : { line };
    const message = `${fault}${this.#why}`;
    return { message, path: showPath(path), ...at, help: this.#help() };
  }

  #wanted(): string {
    return expectedValue(this.setting);
  }

  #help(): string {
    const wanted = this.setting.absent ? `leave ${this.#place} out` : `keep ${this.#place} at ${this.#wanted()}`;
    return `${wanted}; if it has to change, change settings[${this.index}] in the policy first`;
  }
}

async function inGroups<T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += together)
    results.push(...(await Promise.all(items.slice(at, at + together).map(use))));
  return results;
}

function refuses(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === undefined);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
