import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { folder, makeKey, newRepo, programs, type Repo, run } from '../support/world.ts';

const test = suite('init --agents');

const all = 'claude,codex,cursor,gemini,copilot,windsurf,cline,goose,opencode,aider';
const paths = [
  '.claude/settings.json',
  '.codex/hooks.json',
  '.cursor/hooks.json',
  '.gemini/settings.json',
  '.github/hooks/git-protect.json',
  '.windsurf/hooks.json',
  '.clinerules/hooks/PreToolUse',
  '.agents/plugins/git-protect/hooks/hooks.json',
  '.opencode/plugins/git-protect.js',
  '.aider.conf.yml',
  'AGENTS.md',
];

const key = makeKey('lead');

function init(repo: Repo, agents: string) {
  return repo.protect('init', '--yes', '--ci', 'none', '--key', `${key.file}.pub`, '--agents', agents);
}

/** The command that a host would run, and its words to start it. */
function commandIn(repo: Repo, path: string): string {
  const found = JSON.stringify(JSON.parse(repo.read(path))).match(
    /"(?:command|bash)":("(?:[^"\\]|\\.)*git-protect(?:[^"\\]|\\.)*")/,
  );
  return JSON.parse(found![1]!) as string;
}

const call = (command: string, cwd: string) =>
  JSON.stringify({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command }, cwd });

test('writes every file, twice the same, and takes all of it out again', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  const first = init(repo, all);
  is(first.code, 0, first.out);
  for (const path of paths) ok(repo.has(path), path);
  const before = paths.map((path) => repo.read(path));
  is(init(repo, all).code, 0);
  equal(
    paths.map((path) => repo.read(path)),
    before,
  );
  match(repo.read('.protectionrc'), '/.claude/settings.json');
  not.match(repo.read('.protectionrc'), 'AGENTS.md');
  match(first.stdout, 'Codex skips a hook until you have accepted it once');
  const out = repo.protect('uninstall', '--yes');
  is(out.code, 0, out.out);
  for (const path of paths) not.ok(repo.has(path), path);
});

test("the user's own hooks stay, before and after, to the byte", () => {
  const own: Record<string, string> = {
    '.claude/settings.json':
      '{\n\t"permissions": {"allow":["Bash(ls:*)"]},\n\t"hooks": {\n\t\t"PreToolUse": [\n\t\t\t{ "matcher": "Bash", "hooks": [{ "type": "command", "command": "mine" }] }\n\t\t],\n\t\t"Stop": []\n\t}\n}',
    '.codex/hooks.json': '{"hooks":{"PreToolUse":[]}}\n',
    '.cursor/hooks.json': '{ "version": 1, "hooks": {} }',
    '.gemini/settings.json': '{}\n',
    '.windsurf/hooks.json':
      '{\r\n  "hooks": {\r\n    "pre_run_command": [\r\n      {"command": "x"}\r\n    ]\r\n  }\r\n}\r\n',
    '.aider.conf.yml': '---\nmodel: x\ngit-commit-verify: false\n',
    'AGENTS.md': '# Agents\n\nBe kind.',
  };
  const repo = newRepo();
  repo.commit('chore: start', own);
  is(init(repo, all).code, 0);
  const merged = JSON.parse(repo.read('.claude/settings.json'));
  is(merged.hooks.PreToolUse.length, 2);
  is(merged.hooks.PreToolUse[0].hooks[0].command, 'mine', 'theirs stays first: trust goes by position');
  is(merged.hooks.PreToolUse[1].hooks[0].onFailure, 'block');
  is(JSON.parse(repo.read('.cursor/hooks.json')).hooks.preToolUse[0].failClosed, true);
  match(repo.read('.aider.conf.yml'), 'git-commit-verify: true # git-protect, it was: false');
  match(repo.read('AGENTS.md'), /^# Agents\n\nBe kind\.\n\n<!-- git-protect: begin -->/);
  is(repo.protect('uninstall', '--yes').code, 0);
  for (const [path, content] of Object.entries(own)) is(repo.read(path), content, path);
});

test('hooks that came later stay too', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  init(repo, 'claude');
  const settings = JSON.parse(repo.read('.claude/settings.json'));
  settings.hooks.PreToolUse.push({ matcher: 'Write', hooks: [] });
  settings.model = 'x';
  repo.write('.claude/settings.json', JSON.stringify(settings, null, 4));
  is(repo.protect('uninstall', '--yes').code, 0);
  equal(JSON.parse(repo.read('.claude/settings.json')), {
    hooks: { PreToolUse: [{ matcher: 'Write', hooks: [] }] },
    model: 'x',
  });
});

test('a file that is no JSON is never written over', () => {
  const repo = newRepo();
  repo.commit('chore: start', { '.gemini/settings.json': '{\n  // mine\n  "a": 1\n}\n' });
  const result = init(repo, 'claude,gemini');
  is(result.code, 2);
  match(result.stderr, '.gemini/settings.json is not valid JSON (line 2)');
  is(repo.read('.gemini/settings.json'), '{\n  // mine\n  "a": 1\n}\n');
  not.ok(repo.has('.claude/settings.json'), 'nothing is half written');
});

test('names that are none, and agents without a hook', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  const wrong = init(repo, 'claud');
  is(wrong.code, 2);
  match(wrong.stderr, "did you mean 'claude'?");
  match(init(repo, 'zed,amp').stdout, 'zed can ask nobody before a tool call');
});

test('where the policy is there already, it says what to protect', () => {
  const repo = newRepo();
  repo.commit('chore: start', { '.protectionrc': 'version: 1\n' });
  match(init(repo, 'claude').stdout, 'paths: [/.claude/settings.json]');
});

test('the command refuses, lets pass, and refuses whatever is missing', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
  init(repo, all);
  const bin = (withNode: boolean) => {
    const at = folder('bin');
    for (const name of ['sh', 'env', ...(withNode ? ['node'] : [])])
      symlinkSync(name === 'node' ? process.execPath : join('/bin', name), join(at, name));
    return at;
  };
  const [good, bare] = [bin(true), bin(false)];
  const start = (path: string, command: string, env: NodeJS.ProcessEnv, cwd = repo.dir) =>
    run(cwd, '/bin/sh', ['-c', commandIn(repo, path)], { input: call(command, cwd), env });
  const plain = { PATH: `${good}:${programs.join(':')}` };
  for (const path of paths.filter((each) => each.endsWith('.json') && !each.includes('.github'))) {
    const refused = start(path, 'git commit --no-verify -m x', plain);
    is(refused.code, 2, path + refused.out);
    match(refused.stderr, 'git-protect refused this (hooks)');
    is(refused.stdout, '');
    const passed = start(path, 'git status', plain);
    equal([passed.code, passed.out], [0, ''], path);
    is(start(path, 'git commit -n -m x', plain, join(repo.dir, 'sub')).code, 2, 'from a folder below');
    const nodeless = start(path, 'git status', { PATH: bare });
    is(nodeless.code, 2, 'no node');
    match(nodeless.stderr, 'the guard failed (127)');
  }
  const copilot = '.github/hooks/git-protect.json';
  const denied = start(copilot, 'git commit -n -m x', plain);
  is(denied.code, 0);
  is(JSON.parse(denied.stdout).permissionDecision, 'deny');
  equal([start(copilot, 'git status', plain).code, start(copilot, 'git status', plain).stdout], [0, '']);
  is(JSON.parse(start(copilot, 'git status', { PATH: bare }).stdout).permissionDecision, 'deny', 'no node');

  const guard = join(repo.dir, 'node_modules/git-protect/dist');
  rmSync(guard);
  const gone = start('.claude/settings.json', 'git status', plain);
  is(gone.code, 2, 'no package');
  match(gone.stderr, 'the package is not installed here');
  is(JSON.parse(start(copilot, 'git status', plain).stdout).permissionDecision, 'deny', 'no package');
  mkdirSync(guard);
  for (const broken of [
    'throw new Error("x")',
    'process.exit(1)',
    'process.kill(process.pid, "SIGKILL")',
    'syntax error',
  ]) {
    writeFileSync(join(guard, 'guard.cjs'), broken);
    const crashed = start('.claude/settings.json', 'git status', plain);
    is(crashed.code, 2, broken);
    match(crashed.stderr, 'git-protect refused this: the guard failed');
    is(
      JSON.parse(start(copilot, 'git status', plain).stdout.trim().split('\n').at(-1)!).permissionDecision,
      'deny',
      broken,
    );
  }
});

test('Cline is refused by its own JSON, by its script', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  init(repo, 'cline');
  const script = join(repo.dir, '.clinerules/hooks/PreToolUse');
  const cline = (command: string, path = programs.join(':')) =>
    run(repo.dir, script, [], {
      input: JSON.stringify({
        hookName: 'PreToolUse',
        workspaceRoots: [repo.dir],
        preToolUse: { toolName: 'execute_command', parameters: { command } },
      }),
      env: { PATH: path },
    });
  const refused = cline('git commit -n -m x');
  is(refused.code, 0);
  is(JSON.parse(refused.stdout).cancel, true);
  equal([cline('git status').code, cline('git status').stdout], [0, '']);
  is(JSON.parse(cline('git status', '/nowhere').stdout).cancel, true, 'no node');
});

test('the plugin for OpenCode throws', async () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a\n' });
  init(repo, 'opencode');
  repo.write('.opencode/package.json', '{"type":"module"}');
  const { GitProtect } = await import(pathToFileURL(join(repo.dir, '.opencode/plugins/git-protect.js')).href);
  const plugin = await GitProtect({ directory: repo.dir, worktree: repo.dir });
  const before = plugin['tool.execute.before'];
  await before({ tool: 'bash' }, { args: { command: 'git status' } });
  let thrown = '';
  await before({ tool: 'bash' }, { args: { command: 'git commit -n -m x' } }).catch(
    (error: Error) => (thrown = error.message),
  );
  match(thrown, 'git-protect refused this (hooks)');
  rmSync(join(repo.dir, 'node_modules/git-protect'), { recursive: true });
  thrown = '';
  await before({ tool: 'bash' }, { args: { command: 'git status' } }).catch((error: Error) => (thrown = error.message));
  match(thrown, 'the guard failed');
});
