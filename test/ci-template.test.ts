import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import { ciTemplate, installLines, lockFiles } from '../src/commands/ci-template.ts';
import { UsageError } from '../src/model/index.ts';
import { fetched, type Host, makeHost, recorded } from './support/ci-hosts.ts';
import { suite } from './support/suite.ts';
import { folder, installPackage, projectRoot, type Result, run } from './support/world.ts';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
  readonly 'working-directory'?: string;
}
interface Workflow {
  readonly on: Record<string, { types?: string[]; branches?: string[] } | null>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    { name: string; if?: string; permissions?: Record<string, string>; 'timeout-minutes': number; steps: Step[] }
  >;
}

const written = async (ci: 'github' | 'gitlab', tracked: string[] = ['package-lock.json']) =>
  Object.fromEntries((await ciTemplate(ci, 'main', tracked)).map(({ path, content }) => [path, content]));
const github = await written('github');
const judgeFile = github['.github/workflows/protect.yml']!;
const commandsFile = github['.github/workflows/protect-commands.yml']!;
const judge = parse(judgeFile) as Workflow;
const commands = parse(commandsFile) as Workflow;
const gitlab = parse((await written('gitlab'))['.gitlab/protect.yml']!) as Record<string, { script: string[] }>;

const test = suite('ci templates');

test('GitHub: the judge is the default branch’s, may only read, and cannot be skipped', () => {
  equal(Object.keys(judge.on), ['pull_request_target', 'merge_group', 'push']);
  equal(judge.on['pull_request_target'], { types: ['opened', 'synchronize', 'reopened', 'edited'] });
  equal([judge.on['merge_group'], judge.on['push']], [{ branches: ['main'] }, { branches: ['main'] }]);
  equal([judge.permissions, judge.jobs['protect']!.permissions], [{}, { contents: 'read' }]);
  equal(Object.keys(judge.jobs), ['protect']);
  is(judge.jobs['protect']!.if, undefined, 'a skipped job counts as a passed one');
  ok(judge.jobs['protect']!.steps.every(({ uses }) => !uses?.startsWith('actions/checkout')));
  is(expand(judge.jobs['protect']!.name, { base_ref: 'develop' }), 'protect develop');
  is(expand(judge.jobs['protect']!.name, {}), 'protect main');
  match(judgeFile, `git-protect@${version}\n`);
  match(judgeFile, '--ignore-scripts');
  match(judgeFile, 'ci --no-commands --require-policy');
});

test('GitHub: what runs the change has no more than the change', () => {
  equal(Object.keys(commands.on), ['pull_request', 'merge_group', 'push']);
  equal(commands.permissions, { contents: 'read' });
  equal(Object.keys(commands.jobs), ['protect-commands']);
  const checkout = commands.jobs['protect-commands']!.steps[0] as Step & { with: object };
  equal(checkout.with, { 'fetch-depth': 0, 'persist-credentials': false });
});

test('the action has the very steps of the template', () => {
  const text = readFileSync(join(projectRoot, 'action.yml'), 'utf8');
  const action = parse(text) as { runs: { using: string; steps: (Step & { shell?: string })[] }; inputs?: object };
  is(action.runs.using, 'composite');
  is(action.inputs, undefined, 'nothing that a caller says reaches a script');
  for (const step of action.runs.steps) is(step.shell, step.run === undefined ? undefined : 'bash');
  equal(
    action.runs.steps.map(({ shell: _, ...step }) => step),
    judge.jobs['protect']!.steps,
  );
  not.match(text, 'secrets.');
});

test('the workflow that a page shows around the action is that of the template', () => {
  const page = readFileSync(join(projectRoot, 'docs/ci.md'), 'utf8');
  const [, shown] = /```yaml\n(name: protect\n[\s\S]*?)```/.exec(page)!;
  const { steps, ...job } = (parse(shown!) as Workflow).jobs['protect']!;
  const { steps: _, ...own } = judge.jobs['protect']!;
  equal([{ ...parse(shown!), jobs: null }, job], [{ ...judge, jobs: null }, own]);
  equal(steps.length, 1);
  match(steps[0]!.uses!, /^HOST\/git-protect@[0-9a-f]{40}$/);
  match(page, new RegExp(`# v${version.replaceAll('.', '\\.')}$`, 'm'));
});

test('the component of GitLab has the very job of the template', () => {
  const text = readFileSync(join(projectRoot, 'templates/protect/template.yml'), 'utf8');
  const [head, body] = parseAllDocuments(text).map((document) => document.toJS()) as [
    { spec: { inputs: Record<string, { default: string }> } },
    Record<string, { stage: string }>,
  ];
  equal(head.spec.inputs['stage']!.default, 'test');
  const { stage, ...job } = body['protect']!;
  is(stage, '$[[ inputs.stage ]]');
  equal(Object.keys(body), ['protect']);
  equal(job, gitlab['protect']);
  equal(text.match(/\$\[\[.*?\]\]/g), ['$[[ inputs.stage ]]'], 'no input stands in a script');
});

test('no secret, no value of the change in a script, every action by its commit', () => {
  for (const workflow of [judge, commands])
    for (const { steps, 'timeout-minutes': timeout } of Object.values(workflow.jobs)) {
      ok(timeout > 0);
      for (const step of steps) {
        not.match(step.run ?? '', '{{');
        if (step.uses) match(step.uses, /^actions\/[a-z-]+@[0-9a-f]{40}$/);
      }
    }
  for (const text of [judgeFile, commandsFile]) {
    not.match(text, 'secrets.');
    not.match(text, /__[A-Z]+__/);
  }
});

test('no lock file, no job that installs', async () => {
  const bare = await written('github', []);
  equal(Object.keys(bare), ['.github/workflows/protect.yml']);
  is(bare['.github/workflows/protect.yml'], judgeFile);
  const one = (await written('gitlab', []))['.gitlab/protect.yml']!;
  equal(Object.keys(parse(one)), ['protect']);
  equal(await ciTemplate('none', 'main', []), []);
});

test('every package manager installs what its lock file says, and starts what is installed', async () => {
  equal(
    lockFiles.map((lock) => installLines(lock, [])),
    [
      { install: ['npm ci'], protect: 'npx --no git-protect' },
      { install: ['npm ci'], protect: 'npx --no git-protect' },
      { install: ['corepack enable', 'pnpm install --frozen-lockfile'], protect: 'pnpm exec git-protect' },
      { install: ['corepack enable', 'yarn install --frozen-lockfile'], protect: 'yarn run git-protect' },
      ...Array.from({ length: 2 }, () => ({
        install: ['npm install --global --no-audit --no-fund bun@1', 'bun install --frozen-lockfile'],
        protect: 'node_modules/.bin/git-protect',
      })),
    ],
  );
  equal(installLines('yarn.lock', ['.yarnrc.yml']).install[1], 'yarn install --immutable');
  for (const lock of lockFiles) {
    const { install, protect } = installLines(lock, [lock]);
    const workflow = parse((await written('github', [lock]))['.github/workflows/protect-commands.yml']!) as Workflow;
    const runs = workflow.jobs['protect-commands']!.steps.flatMap((step) => step.run ?? []);
    equal(runs, [...install, `${protect} ci --require-policy`]);
    const pipeline = parse((await written('gitlab', [lock]))['.gitlab/protect.yml']!) as typeof gitlab;
    equal(pipeline['protect-commands']!.script.slice(1), [...install, `${protect} ci --require-policy`]);
  }
});

test('a branch whose name would mean something in a workflow is refused', async () => {
  for (const name of ["it's", '{{x}}', 'feat/*', '!main', 'a"b', '-x']) {
    const thrown = await ciTemplate('github', name, []).catch((error: unknown) => error);
    ok(thrown instanceof UsageError, name);
  }
  match((await ciTemplate('github', 'haupt/zweig-1.0', []))[0]!.content, "base_ref || 'haupt/zweig-1.0' }}");
});

/** What an expression of GitHub Actions gives, as far as the template uses them. */
function expand(text: string, github: object, temp = ''): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
    const code = `return ${expression.replace(/(?<=\w)\.(?=\w)/g, '?.')}`;
    return String(new Function('github', 'runner', code)(github, { temp }) ?? '');
  });
}

/** Runs the very lines of the judging job; the package is laid where npm would put it. */
function runJudge(host: Host, name: string): Result & { files: string[] } {
  const temp = folder('runner');
  const env: Record<string, string> = {
    ...recorded(name, host),
    RUNNER_TEMP: temp,
    GITHUB_SERVER_URL: `file://${dirname(host.bare.dir)}`,
    GITHUB_REPOSITORY: basename(host.bare.dir),
  };
  const github = {
    token: 'ghs_secret',
    sha: env['GITHUB_SHA'],
    event_name: env['GITHUB_EVENT_NAME'],
    event: JSON.parse(readFileSync(env['GITHUB_EVENT_PATH']!, 'utf8')),
  };
  let result: Result = { code: null, stdout: '', stderr: '', out: '' };
  for (const step of judge.jobs['protect']!.steps) {
    if (step.run === undefined) continue;
    if (step.run.startsWith('npm install')) {
      is(
        step.run,
        `npm install --prefix "$RUNNER_TEMP/protect" --ignore-scripts --no-audit --no-fund git-protect@${version}`,
      );
      installPackage(join(temp, 'protect'));
      continue;
    }
    const own = Object.entries(step.env ?? {}).map(([key, value]) => [key, expand(String(value), github)]);
    const cwd = step['working-directory'] ? expand(step['working-directory'], github, temp) : folder('workspace');
    result = run(cwd, 'bash', ['-e', '-c', step.run], { env: { ...env, ...Object.fromEntries(own) } });
    if (result.code !== 0) break;
  }
  return { ...result, files: readdirSync(join(temp, 'repository')) };
}

test('GitHub: the lines of the judge, on what a host holds', () => {
  const [good, bad] = [makeHost('good'), makeHost('bad')];
  for (const name of ['github-pull_request_target', 'github-merge_group']) {
    const passed = runJudge(good, name);
    is(passed.code, 0, passed.out);
    match(passed.out, 'protect: passed');
    equal(passed.files, ['.git'], 'nothing of the change is checked out');
    const refused = runJudge(bad, name);
    is(refused.code, 1, refused.out);
    match(refused.out, 'server/pay.ts');
  }
  // From a fork: no branch of this repository leads to the commit.
  const fork = makeHost('bad');
  fork.bare.git('update-ref', '-d', 'refs/heads/topic');
  fork.bare.git('update-ref', '-d', `refs/heads/gh-readonly-queue/main/pr-1-${fork.base}`);
  is(runJudge(fork, 'github-pull_request_target').code, 1);
});

test('GitHub: the lines of the judge, after a push and after a force push', () => {
  const [good, bad] = [makeHost('good', { landed: true }), makeHost('bad', { landed: true })];
  is(runJudge(good, 'github-push').code, 0);
  is(runJudge(bad, 'github-push').code, 1);
  const forced = makeHost('good');
  const author = fetched('circleci-branch', forced);
  author.git('switch', '--quiet', '--detach', forced.base);
  const lost = author.commit('feat: lost', { 'src/lost.ts': '1\n' });
  author.git('push', '--quiet', 'origin', `${lost}:refs/heads/main`);
  author.git('push', '--quiet', '--force', 'origin', `${forced.head}:refs/heads/main`);
  const told = runJudge({ ...forced, base: lost }, 'github-push');
  is(told.code, 1, told.out);
  match(told.out, 'cannot be force-pushed');
});

function runGitlab(host: Host, name: string): Result {
  const temp = folder('runner');
  const lines = gitlab['protect']!.script.map((line) => {
    if (!line.startsWith('npm install')) return line;
    is(line, `npm install --prefix "$temporary/protect" --ignore-scripts --no-audit --no-fund git-protect@${version}`);
    installPackage(join(temp, 'laid'));
    return `cp -a "${join(temp, 'laid')}" "$temporary/protect"`;
  });
  const env = { ...recorded(name, host), CI_REPOSITORY_URL: `file://${host.bare.dir}`, CI_PIPELINE_ID: '4711' };
  const result = run(folder('builds'), 'bash', ['-c', ['set -eo pipefail', ...lines].join('\n')], { env });
  return result;
}

test('GitLab: the lines of the judge, on what a host holds', () => {
  const names = ['gitlab-merge_request', 'gitlab-merged_result', 'gitlab-merge_train'];
  const [good, bad] = [makeHost('good'), makeHost('bad')];
  for (const name of names) {
    is(runGitlab(good, name).code, 0, name);
    const refused = runGitlab(bad, name);
    is(refused.code, 1, refused.out);
  }
  is(runGitlab(makeHost('good', { landed: true }), 'gitlab-push').code, 0);
  is(runGitlab(makeHost('bad', { landed: true }), 'gitlab-push').code, 1);
});

test('the lines that run commands: build and own checks, on the merged result', () => {
  const host = makeHost('good', { more: 'build: { command: "test -f src/x.ts && touch built" }' });
  const clone = fetched('github-pull_request', host);
  installPackage(clone.dir);
  mkdirSync(join(clone.dir, 'node_modules/.bin'));
  symlinkSync('../git-protect/dist/cli.js', join(clone.dir, 'node_modules/.bin/git-protect'));
  clone.write('.git/info/exclude', 'node_modules\nbuilt\n');
  const lines = commands.jobs['protect-commands']!.steps.flatMap((step) => step.run ?? []);
  equal(lines, ['npm ci', 'npx --no git-protect ci --require-policy']);
  const env = recorded('github-pull_request', host);
  const done = run(clone.dir, 'bash', ['-e', '-c', lines[1]!], { env });
  is(done.code, 0, done.out);
  is(clone.has('built'), true);
});
