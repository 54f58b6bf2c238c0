import { type BytePath, type Check, type Context, Undecided } from '../model/index.ts';
import { choice, list, object, text } from '../model/schema.ts';
import type { SecretHit } from '../readers/secrets/scan.ts';
import { compilePattern } from '../rules/match.ts';
import { isTest, SecretFindings } from './parts/secret-findings.ts';

/** False alarms that the policy lets pass. */
interface Allowance {
  readonly path?: string;
  readonly kind?: string;
  readonly fingerprint?: string;
}

type Search = (bytes: Buffer) => Promise<SecretHit[]>;

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
          path: { schema: { kind: 'pattern' }, doc: 'where it is allowed' },
          kind: { schema: text('a kind of secret as a finding names it'), doc: 'only this kind' },
          fingerprint: {
            schema: text('a fingerprint as a finding names it', /^(?:[0-9a-f]{16}|own:\S+)$/),
            doc: 'only this value',
          },
          reason: { schema: text('a sentence'), doc: 'why it is not a secret' },
        }),
        0,
      ),
      doc: 'false alarms, by place or fingerprint',
    },
    large: {
      schema: choice('note', 'refuse'),
      default: 'note',
      doc: 'what happens to files over 1 MiB, which are not searched',
    },
    binary: {
      schema: choice('note', 'refuse'),
      default: 'note',
      doc: 'what happens to binary files, which are searched for keys and tokens of well-known shapes only; images, audio and fonts are allowed',
    },
  }),
  docs: {
    since: '0.1.0',
    why: 'Whoever can read the repository, a copy of it or a build log can read what is in it, and history keeps it for good. The check looks first for the values of your own `.env` files that have not landed, as they are, in base64 and URL-encoded, then for keys and tokens of well-known shapes, then for values that a name beside, above or below them gives away. In tests and fixtures these are warnings. A value is never printed.',
    fix: 'Put the value into the environment and read it from there. Take it out of the commit that the finding names. Once it was pushed, replace it: removing it does not take it back. Allow a false alarm in the policy with `checks.no-secrets.options.allow`, by path or by the fingerprint that the finding names; a comment in the file allows nothing.',
  },
  async run(context) {
    const allowed = allowances(context);
    const found = new SecretFindings(context);
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
