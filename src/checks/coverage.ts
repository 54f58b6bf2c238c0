import { showPath } from '../git/raw.ts';
import { type BytePath, type Check, type Context, type Deployment, type Problem, Undecided } from '../model/index.ts';
import type { Places } from '../readers/coverage/paths.ts';
import type { CoverageReport } from '../readers/coverage/report.ts';
import { compilePattern } from '../rules/match.ts';

/** The largest file whose lines are counted, in bytes. */
const largestFile = 16 << 20;

/** Holds the coverage report against the minimums of the environment. */
export const coverage: Check<'contents' | 'deploy'> = {
  id: 'coverage',
  summary: 'The tests cover as much as the policy asks for.',
  gates: ['pre-deploy'],
  needs: ['contents', 'deploy'],
  weakenable: true,
  timeout: 120_000,
  wave: 2,
  docs: {
    since: '0.1.0',
    why: 'Payment code that no test runs is tested by a customer. A figure that leaves out whole files, or is from last week, is worse than none.',
    fix: 'Run the tests with coverage over every file, fix what the report names, and run the gate again. List files that need no tests in `coverage.exclude`.',
  },
  async run(context) {
    const { deploy } = context;
    const asked = deploy.environment.coverage;
    if (!asked) return { skipped: 'the policy asks for no coverage' };
    const { maxReport, parseCoverage } = await import('../readers/coverage/parse.ts');
    const written = await readReport(deploy, asked.report, maxReport);
    const stale = await staleness(context, written.modifiedAt);
    if (stale !== null)
      return [{ path: asked.report, message: stale, help: 'run the tests with coverage again, on this commit' }];
    const tracked = new Map<string, BytePath>();
    for (const path of await context.contents.paths()) tracked.set(showPath(path), path);
    const roots = [deploy.tests?.directory ?? deploy.topLevel, deploy.topLevel];
    const places = {
      name: asked.report,
      roots,
      isFile: (path: string) => tracked.has(path),
      endingIn: endings(tracked),
    };
    const report = parsed(parseCoverage, written.content, places);
    return typeof report === 'string' ? [{ path: asked.report, message: report }] : judge(context, report, tracked);
  },
};

/** What the tests left; where the gate runs none, what lies in the working tree. @throws Undecided where nothing does */
async function readReport(deployment: Deployment, path: string, max: number) {
  const { tests, host, environment } = deployment;
  const help = 'let the tests write it, or correct coverage.report in the policy';
  if (tests?.report) return tests.report;
  if (tests) throw new Undecided(`the tests left no coverage report at ${path}`, help);
  if (environment.commands.test !== null)
    throw new Undecided('the tests have not run, so nothing says what their report is about');
  const [status, content] = [await host.status(path), await host.read(path, max)];
  if (!status || !content) throw new Undecided(`there is no coverage report at ${path}`, help);
  return { content, modifiedAt: status.modifiedAt };
}

/** Why the report is not about this tree, or null. One that the tests left earlier is known to be unchanged. */
async function staleness(context: Context<'contents' | 'deploy'>, modifiedAt: number): Promise<string | null> {
  const { tests, host } = context.deploy;
  if (tests) {
    const isOlder = tests.startedAt !== null && modifiedAt < tests.startedAt;
    return isOlder ? 'is older than the run of the tests, so they did not write it' : null;
  }
  for (const path of await context.contents.paths()) {
    const file = await host.status(Buffer.from(path, 'latin1').toString('utf8'));
    if (file?.kind === 'file' && file.modifiedAt > modifiedAt) return 'is older than the last change of the files';
  }
  return null;
}

/** The tracked files that a path could be the end of. */
function endings(tracked: ReadonlyMap<string, BytePath>): Places['endingIn'] {
  const byName = new Map<string, string[]>();
  for (const path of tracked.keys()) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const same = byName.get(name);
    if (same) same.push(path);
    else byName.set(name, [path]);
  }
  return (end) =>
    (byName.get(end.slice(end.lastIndexOf('/') + 1)) ?? []).filter((path) => path === end || path.endsWith(`/${end}`));
}

/** The report, or what is wrong with it. */
function parsed(parse: (content: Buffer, places: Places) => CoverageReport, content: Buffer, places: Places) {
  try {
    return parse(content, places);
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

async function judge(
  context: Context<'contents' | 'deploy'>,
  report: CoverageReport,
  tracked: ReadonlyMap<string, BytePath>,
): Promise<Problem[]> {
  const { judgeCoverage } = await import('../readers/coverage/judge.ts');
  const { minimums, exclude, report: path } = context.deploy.environment.coverage!;
  const patterns = new Map<string, (path: BytePath) => boolean>();
  const matches = (pattern: string, file: string) => {
    if (!patterns.has(pattern)) patterns.set(pattern, compilePattern(pattern).matches);
    return patterns.get(pattern)!(tracked.get(file) ?? Buffer.from(file, 'utf8').toString('latin1'));
  };
  const shortfalls = await judgeCoverage(report, {
    minimums,
    tracked: [...tracked.keys()],
    matches,
    // As in gitignore, the last pattern that matches decides.
    isExcluded: (file) => exclude.findLast((pattern) => matches(pattern, file))?.startsWith('!') === false,
    linesOf: (file) => lineCount(context, tracked.get(file)!),
  });
  return shortfalls.map((shortfall) => ({ path, ...shortfall }));
}

/** Lines of a tracked file that are not empty. */
async function lineCount({ contents }: Context<'contents'>, path: BytePath): Promise<number> {
  const state = await contents.stateAt(path);
  if (!state?.mode.startsWith('100')) return 0;
  const content = await contents.blobUpTo(state.oid, largestFile);
  if (content === null) throw new Undecided(`${showPath(path)} is too large to count its lines`);
  return content
    .toString('latin1')
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}
