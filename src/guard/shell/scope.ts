import type { Script } from './syntax.ts';

/** What a stretch of a script knows: variables, functions, where it stands. A subshell gets a copy. */
export class Scope {
  readonly #variables: Map<string, string>;
  readonly #exported: Set<string>;
  readonly functions: Map<string, FunctionBody>;
  readonly aliases: Map<string, string>;
  /** Variables whose value names files by a pattern. */
  readonly globs: Set<string>;
  /** The words of the program whose output was put in last and is not known; null: there was none, or several. */
  substituted: readonly string[] | null = null;
  cwd: string | null;
  /** What `$1`, `$2`, `$@` stand for; null: not known. */
  words: readonly string[] | null;

  constructor(from: Scope | { readonly cwd: string | null; readonly variables: Iterable<[string, string]> }) {
    const copy = from instanceof Scope ? from : null;
    this.#variables = new Map(
      copy === null ? (from as { variables: Iterable<[string, string]> }).variables : copy.#variables,
    );
    this.#exported = new Set(copy === null ? [] : copy.#exported);
    this.functions = new Map(copy?.functions);
    this.aliases = new Map(copy?.aliases);
    this.globs = new Set(copy?.globs);
    this.cwd = from.cwd;
    this.words = copy?.words ?? null;
  }

  get(name: string): string | undefined {
    if (name === 'PWD') return this.cwd ?? undefined;
    return this.#variables.get(name);
  }

  /** @param glob does the value name files by a pattern? */
  set(name: string, value: string, glob = false): void {
    this.#variables.set(name, value);
    if (glob) this.globs.add(name);
    else this.globs.delete(name);
  }

  export(name: string): void {
    this.#exported.add(name);
  }

  unset(name: string): void {
    this.#variables.delete(name);
    this.#exported.delete(name);
  }

  /** What the script itself has exported so far. */
  exported(): Map<string, string> {
    return new Map([...this.#exported].map((name) => [name, this.#variables.get(name) ?? '']));
  }
}

/** The body of a shell function, as it was parsed. */
export interface FunctionBody {
  readonly node: unknown;
  readonly source: Script | null;
}
