import { showPath } from '../../git/raw.ts';
import type { Brought, BytePath, Context, Oid, Problem } from '../../model/index.ts';
import type { SecretHit } from '../../readers/secrets/scan.ts';
import { anyPattern } from '../../rules/match.ts';
import { testFiles } from '../test-targets.ts';

/** What stands here was made up for tests, unless its shape says that a service has given it out. */
export const isTest = anyPattern([
  ...testFiles,
  ...['fixtures/', '__fixtures__/', 'testdata/', 'test-data/', 'test-fixtures/', 'testFixtures/', 'mocks/'],
]);

/** Findings told of one file, and of one change. */
const mostPerFile = 10;
const mostPerChange = 200;

/** Nobody expects these to be read, and a site has hundreds of them. */
const media = /\.(?:png|jpe?g|gif|webp|avif|ico|icns|woff2?|ttf|otf|eot|mp[34]|m4a|webm|ogg|wav|mov|pdf)$/i;

/** One value in one file, wherever it stands there and however many commits hold it. */
interface Told {
  readonly path: BytePath;
  readonly hit: SecretHit;
  readonly oid: Oid;
  readonly old: boolean;
  /** The first commit of the change that holds it; null for the commit in the making. */
  commit: Oid | null;
}

/** Gathers what is to be told, each secret of a path once. */
export class SecretFindings {
  readonly #context: Context<'contents' | 'ownValues'>;
  readonly #problems: Problem[] = [];
  readonly #told = new Map<string, Told>();
  readonly #listed: Told[] = [];
  readonly #perFile = new Map<BytePath, number>();
  readonly #left: Record<'large' | 'binary', Set<string>> = { large: new Set(), binary: new Set() };
  readonly #more: Record<'error' | 'warning', number> = { error: 0, warning: 0 };

  constructor(context: Context<'contents' | 'ownValues'>) {
    this.#context = context;
  }

  add({ path, commit, oid }: Brought, hits: readonly SecretHit[], old: ReadonlySet<string>): void {
    for (const hit of hits) {
      const key = `${path}\0${hit.mark}`;
      const known = this.#told.get(key);
      if (known) {
        // Commits come from the newest to the oldest.
        known.commit = commit ?? known.commit;
        continue;
      }
      const told = { path, hit, oid, commit, old: old.has(hit.mark) };
      this.#told.set(key, told);
      const ofFile = (this.#perFile.get(path) ?? 0) + 1;
      this.#perFile.set(path, ofFile);
      if (ofFile > mostPerFile || this.#listed.length >= mostPerChange) this.#more[severityOf(told)]++;
      else this.#listed.push(told);
    }
  }

  /** Finds the commits of what the end of the change holds: only where something is to be told, for it walks the history. */
  async nameCommits(): Promise<void> {
    const { change } = this.#context;
    const unnamed = this.#listed.filter(({ commit, old }) => commit === null && !old);
    if (change.kind === 'commit' || unnamed.length === 0) return;
    const byPath = new Map<BytePath, Told[]>();
    for (const told of unnamed) byPath.set(told.path, [...(byPath.get(told.path) ?? []), told]);
    for await (const { id, paths, raw } of change.commits({ paths: true }))
      for (const [index, path] of paths.entries())
        for (const told of byPath.get(path) ?? []) if (raw[index]!.includes(told.oid)) told.commit = id;
  }

  /** Secrets in the name of a file. */
  named(path: BytePath, commit: string | null, hits: readonly SecretHit[]): void {
    for (const hit of hits) this.#tell({ path: showPath(path) }, `the name of the file holds a secret`, commit, hit);
  }

  /** Secrets in a commit message. */
  said(commit: string | null, hits: readonly SecretHit[]): void {
    for (const hit of hits) this.#tell({}, 'the commit message holds a secret', commit, hit);
  }

  #tell(place: { path?: string }, what: string, commit: string | null, hit: SecretHit): void {
    const key = `${what}\0${place.path ?? commit}\0${hit.mark}`;
    if (this.#told.has(key)) return;
    this.#told.set(key, { path: '', hit, oid: '', commit, old: false });
    const problem: Problem = {
      ...place,
      message: `${what}: ${hit.kind}, it starts with '${hit.start}'`,
      ...(commit === null ? {} : { commit }),
      help: help(hit, commit, false),
    };
    if (this.#problems.length >= mostPerChange) this.#more.error++;
    else this.#problems.push(problem);
  }

  left(why: 'large' | 'binary', { path }: Brought): void {
    if (why === 'binary' && media.test(path)) return;
    this.#left[why].add(showPath(path));
  }

  problems(): readonly Problem[] {
    const { options } = this.#context;
    const { large, binary } = (options ?? {}) as { large?: string; binary?: string };
    // As grave as what they stand for.
    const more = (['error', 'warning'] as const)
      .filter((severity) => this.#more[severity] > 0)
      .map((severity) => ({
        ...(severity === 'warning' ? { severity } : {}),
        message: `${this.#more[severity]} more secrets are not listed`,
      }));
    const skipped = [
      notSearched(this.#left.large, 'not searched for secrets, because larger than 1 MiB', large === 'refuse'),
      notSearched(this.#left.binary, 'searched for keys and tokens only, because binary', binary === 'refuse'),
    ];
    return [...this.#listed.map(problemOf), ...this.#problems, ...more, ...skipped.flat()];
  }
}

function severityOf({ path, hit, old }: Told): 'error' | 'warning' {
  return old || hit.severity === 'warning' || (hit.sign !== 'shape' && isTest(path)) ? 'warning' : 'error';
}

function problemOf(told: Told): Problem {
  const { path, hit, commit, old } = told;
  const at = hit.column > 200 ? ` at column ${hit.column}` : '';
  const shown = hit.start === '' ? '' : `, it starts with '${hit.start}'`;
  const where = old ? '; it was there before this change' : '';
  return {
    path: showPath(path),
    line: hit.line,
    message: `holds a secret${at}: ${hit.kind}${shown}${where}`,
    ...(commit === null || old ? {} : { commit }),
    ...(severityOf(told) === 'warning' ? { severity: 'warning' } : {}),
    help: help(hit, commit, old),
  };
}

/** What fits: the commit in the making is changed, one of this branch rewritten; what has landed can only be replaced. */
function help({ fingerprint }: SecretHit, commit: Oid | null, old: boolean): string {
  const allow = `checks.no-secrets.options.allow: [{ ${fingerprint === null ? 'path: …' : `fingerprint: "${fingerprint}"`} }]`;
  // One of the project's own is no false alarm.
  const own = fingerprint?.startsWith('own:') ?? false;
  if (old) {
    const landed = 'it has landed, and history keeps it: make a new one and withdraw this one';
    return own ? landed : `${landed}; then, or if it is a false alarm, an owner allows it: ${allow}`;
  }
  const out =
    commit === null
      ? 'read it from the environment'
      : `take it out of that commit (git rebase -i ${commit.slice(0, 10)}~1), a later one does not take it back`;
  const again = `${out}; if it has left this machine, make a new one`;
  return own ? again : `${again}. A false alarm: ${allow}`;
}

/** One line for all of them, with the first few names. */
function notSearched(paths: ReadonlySet<string>, what: string, refuse: boolean): Problem[] {
  if (paths.size === 0) return [];
  const names = [...paths].slice(0, 3).join(', ');
  const rest = paths.size > 3 ? ` and ${paths.size - 3} more` : '';
  const message = `${what}: ${names}${rest}`;
  return [{ message, ...(refuse ? {} : { severity: 'note' }) }];
}
