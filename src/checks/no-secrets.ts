import { showPath } from '../git/raw.ts';
import {
  type Brought,
  type BytePath,
  type Check,
  type Context,
  type Oid,
  type Problem,
  Undecided,
} from '../model/index.ts';
import { choice, list, object, text } from '../model/schema.ts';
import type { SecretHit } from '../readers/secrets/scan.ts';
import { anyPattern, compilePattern } from '../rules/match.ts';
import { testFiles } from './test-targets.ts';

/** False alarms that the policy lets pass. */
interface Allowance {
  readonly path?: string;
  readonly kind?: string;
  readonly fingerprint?: string;
}

/** What stands here was made up for tests, unless its shape says that a service has given it out. */
const isTest = anyPattern([
  ...testFiles,
  ...['fixtures/', '__fixtures__/', 'testdata/', 'test-data/', 'test-fixtures/', 'testFixtures/', 'mocks/'],
]);

type Search = (bytes: Buffer) => Promise<SecretHit[]>;

/** Findings told of one file, and of one change. */
const mostPerFile = 10;
const mostPerChange = 200;

/** Refuses changes that bring a password, key or token. */
export const noSecrets: Check<'contents' | 'ownValues'> = {
  id: 'no-secrets',
  summary: 'No changed file, file name or commit message holds a password, key or token.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents', 'ownValues'],
  weakenable: true,
  waivable: false,
  timeout: 60_000,
  options: object({
    allow: {
      schema: list(
        object({
          path: { schema: { kind: 'pattern' }, doc: 'where it may stand' },
          kind: { schema: text('a kind of secret as a finding names it'), doc: 'only this kind' },
          fingerprint: {
            schema: text('a fingerprint as a finding names it', /^(?:[0-9a-f]{16}|own:\S+)$/),
            doc: 'only this value',
          },
          reason: { schema: text('a sentence'), doc: 'why it is no secret' },
        }),
        0,
      ),
      doc: 'false alarms, by place or fingerprint',
    },
    large: { schema: choice('note', 'refuse'), default: 'note', doc: 'files over 1 MiB, which are not searched' },
    binary: {
      schema: choice('note', 'refuse'),
      default: 'note',
      doc: 'binary files, which are searched for keys and tokens of well-known shapes only; pictures, sound and fonts may be there',
    },
  }),
  docs: {
    since: '0.1.0',
    why: 'Who can read the repository, a copy of it or a log of its build can read what is in it, and history keeps it for good. The values of your own `.env` files are looked for first, as they are, in base64 and URL-encoded, then keys and tokens of well-known shapes. A value is never printed.',
    fix: 'Put the value into the environment and read it from there. Once it was pushed, make a new one: taking it out does not take it back. A false alarm is allowed in the policy by `checks.no-secrets.options.allow`, by path or by the fingerprint that the finding names; a comment in the file allows nothing.',
  },
  async run(context) {
    const allowed = allowances(context);
    const found = new Findings(context);
    let search: Search | undefined;
    for await (const group of context.contents.brought()) {
      context.signal.throwIfAborted();
      for (const { path, commit, step } of group) {
        if (step !== null && step.from !== null) continue;
        if (!mayHold(path)) continue;
        search ??= await searcher(context);
        const hits = (await search(Buffer.from(path, 'latin1'))).filter(({ fingerprint }) => fingerprint !== null);
        found.named(
          path,
          commit,
          hits.filter((hit) => !allowed(path, hit)),
        );
      }
      for await (const [brought, { bytes, raw, left }] of context.contents.each(group)) {
        if (left !== null) found.left(left, brought);
        const searched = bytes ?? raw;
        if (searched === null || searched.length === 0) continue;
        search ??= await searcher(context);
        const all = await search(searched);
        // What stands beside a telling name is a value in a text; in a program it is a name beside another.
        const counting = bytes === null ? all.filter(({ fingerprint }) => fingerprint !== null) : all;
        const inTests = isTest(brought.path);
        const hits = counting.filter((hit) => !allowed(brought.path, hit) && !(inTests && hit.sign === 'chosen'));
        if (hits.length > 0) found.add(brought, hits, await before(context, brought.path, search));
      }
    }
    for await (const { id, message } of context.change.commits({ paths: false })) {
      if (!mayHold(message)) continue;
      search ??= await searcher(context);
      const hits = (await search(Buffer.from(message, 'utf8'))).filter(({ fingerprint }) => fingerprint !== null);
      found.said(
        id,
        hits.filter((hit) => !allowed('', hit)),
      );
    }
    await found.nameCommits();
    return found.problems();
  },
};

/** No value that is told by its shape is shorter: most names and words need not be searched. */
function mayHold(text: string): boolean {
  return /[\w+/=.-]{16}/.test(text);
}

/** The rules are loaded when there is something to search in. */
async function searcher(context: Context<'contents' | 'ownValues'>): Promise<Search> {
  const [{ scan }, { ownSecrets }] = await Promise.all([
    import('../readers/secrets/scan.ts'),
    import('../readers/secrets/own.ts'),
  ]);
  const own = ownSecrets(await context.ownValues());
  return (bytes) => scan(bytes, own);
}

/** What names neither a place nor a value would switch the check off. @throws Error with the entry's number */
function allowances({ options }: Context): (path: BytePath, hit: SecretHit) => boolean {
  const { allow = [] } = (options ?? {}) as { allow?: readonly Allowance[] };
  const tests = allow.map(({ path, kind, fingerprint }, index) => {
    if (path === undefined && fingerprint === undefined)
      throw new Undecided(
        `checks.no-secrets.options.allow[${index}] names neither a path nor a fingerprint`,
        'add one of them: a kind alone would let every secret of that kind pass',
      );
    const matches = path === undefined ? () => true : compilePattern(path).matches;
    return (at: BytePath, hit: SecretHit) =>
      matches(at) &&
      (kind === undefined || kind === hit.kind) &&
      (fingerprint === undefined || fingerprint === hit.fingerprint);
  });
  return (path, hit) => tests.some((test) => test(path, hit));
}

/** What the path already held where the change starts from, so that an old secret does not stop every new change of its file. */
async function before(
  { contents }: Context<'contents' | 'ownValues'>,
  path: BytePath,
  search: Search,
): Promise<ReadonlySet<string>> {
  const step = (await contents.newSteps()).find((one) => one.path === path);
  // What only commits on the way touch is at the end what it was at the start.
  const state = step ? step.from : await contents.stateAt(path);
  if (!state || state.mode === '160000') return new Set();
  const { bytes, raw } = await contents.content(state.oid);
  const searched = bytes ?? raw;
  return new Set(searched === null ? [] : (await search(searched)).map(({ mark }) => mark));
}

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
class Findings {
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
