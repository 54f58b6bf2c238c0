import { showPath } from '../git/raw.ts';
import type { BytePath, Check, Context, Oid, Problem } from '../model/index.ts';
import { list, object } from '../model/schema.ts';
import { withoutComments } from '../readers/comment-lines.ts';
import { type Mention, mentions } from '../readers/hosts.ts';
import { anyPattern } from '../rules/match.ts';

/** Where tests are, in most projects. */
export const testFiles = [
  'test/',
  'tests/',
  '__tests__/',
  '__mocks__/',
  'spec/',
  'specs/',
  'e2e/',
  'cypress/',
  'playwright/',
  '*.test.*',
  '*.spec.*',
  '*_test.*',
  '*_spec.*',
  '*.e2e.*',
  '*.cy.*',
  '*.feature',
  '*Test.java',
  '*Test.kt',
  '*Test.php',
  '*Tests.cs',
  'test_*.py',
  'conftest.py',
  'vitest.config.*',
  'vitest.setup.*',
  'jest.config.*',
  'jest.setup.*',
  'playwright.config.*',
  'cypress.config.*',
  '.env.test*',
];

/** What is read and never run. */
const documents = /\.(?:mdx?|markdown|rst|adoc|asciidoc|txt|pdf|docx?)$/i;

/** Refuses tests that name production. */
export const testTargets: Check<'contents'> = {
  id: 'test-targets',
  summary: 'No test names a production host or port of `targets:`.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents'],
  weakenable: true,
  timeout: 60_000,
  options: object({
    files: {
      schema: list({ kind: 'pattern' }),
      defaultDoc: '`test/`, `*.test.*` and [others](checks.md#test-targets)',
      doc: 'which files are tests, as path patterns that replace the default ones; `!` excludes',
    },
  }),
  docs: {
    since: '0.1.0',
    why: `A test that runs against production writes test data into it, or deletes real data. Hosts are matched as whole names, ports only where they are written as ports (\`:4545\`, \`port: 4545\`, \`--port 4545\`), never as bare numbers. Documents and comment lines may name them: they run nothing. Tests are ${testFiles.map((pattern) => `\`${pattern}\``).join(', ')}. Changed files are judged; before a deploy, all of them.`,
    fix: 'Use a relative URL, or read the address from `TEST_BASE_URL`. Exclude a file that is not a test, or may name production, with `!` in `checks.test-targets.options.files`.',
  },
  async run(context) {
    const { policy, change } = context;
    if (Object.keys(policy.targets).length === 0) return { skipped: 'no targets are configured' };
    if (change.kind === 'delete') return { skipped: 'nothing is left to judge of a deleted ref' };
    const options = (context.options ?? {}) as { files?: readonly string[] };
    const matches = anyPattern(options.files ?? testFiles);
    const isTest = (path: BytePath) => matches(path) && !documents.test(path);
    const files = await judged(context, isTest);
    if (files.length === 0) return [];
    const find = mentions(policy.targets);
    const problems: Problem[] = [];
    const unread = { large: [] as BytePath[], binary: [] as BytePath[] };
    for (const { path, oid } of files) {
      const { bytes, left } = await context.contents.content(oid);
      if (bytes === null) unread[left].push(path);
      else
        problems.push(...find(withoutComments(bytes.toString('utf8'), path)).map((mention) => problem(path, mention)));
    }
    return [...problems, ...notes(unread)];
  },
};

/** The changed test files; before a deploy all, as one may be older than what it must not name. */
async function judged(context: Context<'contents'>, isTest: (path: BytePath) => boolean) {
  const found: { path: BytePath; oid: Oid }[] = [];
  if (context.gate === 'pre-deploy') {
    for (const path of (await context.contents.paths()).filter(isTest)) {
      const state = await context.contents.stateAt(path);
      if (state !== null && state.mode !== '160000') found.push({ path, oid: state.oid });
    }
    return found;
  }
  for (const { path, from, to } of await context.contents.newSteps())
    if (to !== null && to.mode !== '160000' && from?.oid !== to.oid && isTest(path)) found.push({ path, oid: to.oid });
  return found;
}

function problem(path: BytePath, { place, line }: Mention): Problem {
  return {
    path: showPath(path),
    line,
    message: `a test names ${place.name} of ${place.environment}`,
    help: 'use a relative URL, or read the address from TEST_BASE_URL',
  };
}

function notes(unread: Readonly<Record<'large' | 'binary', readonly BytePath[]>>): Problem[] {
  return (['large', 'binary'] as const).flatMap((why) => {
    const [first, ...others] = unread[why];
    if (first === undefined) return [];
    const more =
      others.length === 0
        ? ''
        : `, and so ${others.length === 1 ? 'is 1 more test' : `are ${others.length} more tests`}`;
    const what = why === 'large' ? 'larger than 1 MiB' : 'binary';
    return [
      {
        severity: 'note' as const,
        path: showPath(first),
        message: `not searched for production hosts: it is ${what}${more}`,
      },
    ];
  });
}
