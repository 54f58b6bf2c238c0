import { UsageError } from '../../model/index.ts';
import { shortened } from '../../words/shortened.ts';

/** What helps wherever the environment cannot be used. */
export const byHand = 'name the range: npx git-protect ci --target BRANCH --base REV --head REV';

type Said = string | null | undefined;

/** Is the mark of a CI system set? Some people unset one by writing `false`. */
export function isMarked(said: Said): boolean {
  return Boolean(said) && said!.toLowerCase() !== 'false';
}

/** Names that Git itself refuses. @see https://git-scm.com/docs/git-check-ref-format */
const refusedName = /^[-/]|[/.]$|\/\/|\.\.|@\{|^@$|(?:^|\/)\.|\.lock(?:\/|$)|[\x00-\x20\x7f~^:?*[\\]/;
const fullId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * A branch by its short name, from a short or full one.
 * @throws UsageError naming the variable when it is empty or no branch can have that name
 */
export function branchName(said: Said, variable: string): string {
  const name = present(said, variable).replace(/^refs\/heads\//, '');
  if (name === '' || name.length > 1024 || refusedName.test(name)) throw unusable(said!, variable, 'no branch name');
  return name;
}

/** A branch where there may be none. @throws UsageError naming the variable when no branch can have that name */
export function branchNameIfSaid(said: Said, variable: string): string | null {
  return said ? branchName(said, variable) : null;
}

/** Full name of a tag from its short one. @throws UsageError naming the variable when no tag can have that name */
export function tagRef(said: Said, variable: string): string {
  const name = present(said, variable);
  if (name.length > 1024 || refusedName.test(name)) throw unusable(name, variable, 'no tag name');
  return `refs/tags/${name}`;
}

/** A full object id. @throws UsageError naming the variable when it is anything else */
export function commitId(said: Said, variable: string): string {
  const id = present(said, variable);
  if (!fullId.test(id)) throw unusable(id, variable, 'no full commit id');
  return id;
}

/** A full object id where there may be none. @throws UsageError naming the variable when it is anything else */
export function commitIdIfSaid(said: Said, variable: string): string | null {
  return said ? commitId(said, variable) : null;
}

/** A number of a pull or merge request. @throws UsageError naming the variable when it is anything else */
export function number(said: Said, variable: string): string {
  const digits = present(said, variable);
  if (!/^[0-9]{1,12}$/.test(digits)) throw unusable(digits, variable, 'no number');
  return digits;
}

/** @throws UsageError naming the variable when nothing is said */
function present(said: Said, variable: string): string {
  if (!said) throw new UsageError(`the CI system does not say ${variable}`, byHand);
  return said;
}

function unusable(said: string, variable: string, what: string): UsageError {
  return new UsageError(`${variable} is '${shortened(said, 60)}', which is ${what}`, byHand);
}
