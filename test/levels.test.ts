import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { agents, detectAgents } from '../src/machine/agent.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { levelOf } from '../src/rules/level.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, hooksApart, projectRoot, Repo } from './support/world.ts';

hooksStay();
const test = suite('levels');

/** What people have in their shells, by where these were opened. */
const ordinary: Record<string, NodeJS.ProcessEnv> = {
  'a plain terminal': {
    TERM: 'xterm-256color',
    SHELL: '/bin/zsh',
    TERM_PROGRAM: 'Apple_Terminal',
    TERM_SESSION_ID: 'x',
    COLORTERM: 'truecolor',
  },
  tmux: { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%0', TERM: 'tmux-256color' },
  'VS Code': {
    TERM_PROGRAM: 'vscode',
    TERM_PROGRAM_VERSION: '1.99',
    GIT_ASKPASS: '/x/askpass.sh',
    VSCODE_GIT_IPC_HANDLE: '/run/x',
    VSCODE_GIT_ASKPASS_NODE: '/x',
    VSCODE_INJECTION: '1',
    VSCODE_PID: '1',
  },
  Cursor: { TERM_PROGRAM: 'vscode', CURSOR_TRACE_ID: 'abc', VSCODE_GIT_IPC_HANDLE: '/run/x' },
  Windsurf: { TERM_PROGRAM: 'vscode', WINDSURF_CSRF_TOKEN: 'x' },
  JetBrains: { TERMINAL_EMULATOR: 'JetBrains-JediTerm', TERM_SESSION_ID: 'x', IDEA_INITIAL_DIRECTORY: '/x' },
  Zed: { ZED_TERM: 'true', TERM_PROGRAM: 'zed' },
  Warp: { TERM_PROGRAM: 'WarpTerminal', WARP_IS_LOCAL_SHELL_SESSION: '1', WARP_HONOR_PS1: '0' },
  'Windows Terminal': { WT_SESSION: 'x', WT_PROFILE_ID: '{x}' },
  Emacs: { INSIDE_EMACS: '29.1,comint' },
  Kiro: { TERM_PROGRAM: 'kiro' },
  'keys and tokens of people who use agents': {
    ANTHROPIC_API_KEY: 'x',
    OPENAI_API_KEY: 'x',
    GEMINI_API_KEY: 'x',
    GOOSE_PROVIDER: 'openai',
    AIDER_API_KEY: 'x',
    COPILOT_GITHUB_TOKEN: 'x',
    COPILOT_MODEL: 'x',
    OPENCODE_BIN_PATH: '/x',
    CODEX_HOME: '/x',
    CLAUDE_CONFIG_DIR: '/x',
    CLAUDE_CODE_USE_BEDROCK: '1',
    REPL_ID: 'x',
  },
  Jenkins: { CI: 'true', JENKINS_URL: 'https://ci', BUILD_ID: '1', NODE_NAME: 'agent-1', EXECUTOR_NUMBER: '0' },
  'Azure Pipelines': { TF_BUILD: 'True', AGENT_ID: '1', AGENT_NAME: 'x', AGENT_OS: 'Linux' },
  Buildkite: { BUILDKITE: 'true', BUILDKITE_AGENT_NAME: 'x' },
};

test('no ordinary terminal, editor or CI is taken for an agent', () => {
  for (const [where, env] of Object.entries(ordinary)) equal(detectAgents(env), [], where);
  const fixtures = join(projectRoot, 'test/fixtures/ci');
  for (const name of readdirSync(fixtures).filter((file) => file.endsWith('.json'))) {
    const said = JSON.parse(readFileSync(join(fixtures, name), 'utf8'));
    const names = new Set(
      JSON.stringify(said)
        .match(/"([A-Z][A-Z0-9_]+)":/g)
        ?.map((word) => word.slice(1, -2)),
    );
    for (const [id, , variables] of agents)
      for (const variable of variables) is(names.has(variable), false, `${id} in ${name}`);
  }
});

test('each row of the table is detected by each of its variables', () => {
  for (const [id, name, variables] of agents)
    for (const variable of variables) equal(detectAgents({ [variable]: '1' }), [{ id, name, variable }]);
  equal(
    detectAgents({ AI_AGENT: 'github-copilot' }).map(({ id }) => id),
    ['copilot'],
  );
  equal(
    detectAgents({ AI_AGENT: 'claude-code@1.2', CLAUDECODE: '1' }).map(({ id }) => id),
    ['claude'],
  );
  equal(
    detectAgents({ AGENT: 'goose', CLAUDECODE: '1' }).map(({ id }) => id),
    ['claude', 'goose'],
  );
  equal(detectAgents({ AI_AGENT: '\u001b[31m' }), [{ id: '31m', name: '31m', variable: 'AI_AGENT' }]);
  equal(detectAgents({ CLAUDECODE: '' }), []);
});

const policy = (text: string) => parsePolicy(`version: 1\n${text}\n`, 'P');
const claude = { id: 'claude', name: 'Claude Code', variable: 'CLAUDECODE' };
const other = { id: 'goose', name: 'goose', variable: 'AGENT' };

test('the lowest level of all that was detected holds, and nothing raises it', () => {
  is(levelOf(policy(''), [claude]), null);
  const level = (text: string, ...detected: (typeof claude)[]) => {
    const found = levelOf(policy(text), detected)!;
    return `${found.level} ${found.key}`;
  };
  is(level('actors:'), 'development actors.default');
  is(level('actors:', claude), 'read-only actors.agents');
  const rules = 'actors: { rules: [{ agent: Claude, level: development }] }';
  is(level(rules, claude), 'development actors.rules[0]');
  is(level(rules, claude, other), 'read-only actors.agents', 'one inside the other');
  is(
    level('actors: { default: read-only, rules: [{ agent: claude, level: development }] }', claude),
    'read-only actors.default',
  );
  is(level('actors: { agents: development }', other), 'development actors.agents');
});

const guarded = (more = 'actors:') => {
  const { repo, origin, keys } = guardedRepo({ more });
  const agent = new Repo(repo.dir, { ...hooksApart, CLAUDECODE: '1' });
  return { person: new Repo(repo.dir, hooksApart), agent, origin: origin!, keys };
};

test('a read-only agent commits and pushes nothing; a person does', () => {
  const { person, agent } = guarded();
  agent.write('src/b.ts', 'b\n').git('add', 'src/b.ts');
  const refused = agent.tryGit('commit', '-m', 'feat: b');
  is(refused.code, 1);
  match(
    refused.out,
    'error[actor-level] Claude Code (CLAUDECODE is set) may only read here (actors.agents), so nothing is committed',
  );
  match(refused.out, 'ask a person to look at it and commit it');
  // What a person's pre-commit has just passed is not a pass for the agent.
  is(person.tryGit('hook', 'run', 'pre-commit').code, 0);
  person.write('.git/MSG', 'feat: b\n');
  const message = agent.tryGit('hook', 'run', 'commit-msg', '--', '.git/MSG');
  is(message.code, 1, message.out);
  match(message.out, 'actor-level');
  is(person.tryGit('commit', '-q', '-m', 'feat: b').code, 0);
  for (const ref of ['main', 'main:topic', ':main']) {
    const pushed = agent.tryGit('push', 'origin', ref);
    is.not(pushed.code, 0, ref);
    match(pushed.out, 'may only read here (actors.agents), so nothing is pushed');
  }
  is(person.tryGit('push', '-q', 'origin', 'main').code, 0);
});

test('in strict mode it moves no protected branch either', () => {
  const { person, agent } = guarded('actors:\nstrict: true');
  is(person.protect('wire').code, 0);
  agent.write('src/b.ts', 'b\n').git('add', 'src/b.ts');
  const refused = agent.tryGit('commit', '-n', '-m', 'feat: b');
  is.not(refused.code, 0);
  match(refused.out, 'error[actor-level]');
  is(person.tryGit('commit', '-q', '-m', 'feat: b').code, 0);
});

test('an agent with the level to develop is held by the rest alone, and can say that it was one', () => {
  const { agent, person } = guarded('actors: { rules: [{ agent: claude, level: development }], trailer: true }');
  agent.write('src/b.ts', 'b\n').git('add', 'src/b.ts');
  is(agent.tryGit('commit', '-q', '-m', 'feat: b').code, 0);
  is(agent.git('log', '-1', '--format=%B'), 'feat: b\n\nAgent: Claude Code');
  is(agent.tryGit('commit', '-q', '--amend', '--no-edit').code, 0);
  is(agent.git('log', '-1', '--format=%B'), 'feat: b\n\nAgent: Claude Code', 'once');
  agent.write('server/pay.ts', '0\n').git('add', 'server/pay.ts');
  match(agent.tryGit('commit', '-m', 'CRITICAL: x').out, 'error[protected-files]');
  person.git('reset', '-q', '--hard');
  is(person.tryGit('commit', '-q', '--allow-empty', '-m', 'feat: mine').code, 0);
  not.match(person.git('log', '-1', '--format=%B'), 'Agent:');
});

test('the guard refuses what goes beyond the level, by the host that asks', () => {
  const { agent } = guarded();
  const ask = (command: string, env: NodeJS.ProcessEnv = {}) => {
    const input = JSON.stringify({
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command },
      cwd: agent.dir,
    });
    return new Repo(agent.dir, { ...hooksApart, ...env }).protectWith({ input }, 'guard', '--host', 'claude');
  };
  for (const command of ['git commit -m "feat: x"', 'cd src && git push origin topic', 'git cherry-pick topic']) {
    const refused = ask(command);
    is(refused.code, 2, command);
    match(refused.stderr, 'claude may only read here (actors.agents)');
  }
  is(ask('git status && git log --oneline -3').code, 0);
  const { agent: trusted } = guarded('actors: { rules: [{ agent: claude, level: development }] }');
  const input = JSON.stringify({
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_input: { command: 'git commit -m x' },
    cwd: trusted.dir,
  });
  is(new Repo(trusted.dir, hooksApart).protectWith({ input }, 'guard', '--host', 'claude').code, 0);
});

test('whoami says what was detected, and what it may do', () => {
  const { person, agent } = guarded();
  is(
    agent.protect('whoami').stdout,
    'an AI agent runs this: Claude Code (CLAUDECODE is set)\nlevel read-only (actors.agents): may read, and commits and pushes nothing; it signs no approval\n',
  );
  is(
    person.protect('whoami').stdout,
    'no AI agent is detected\nlevel development (actors.default): may change what is not protected, and protected files with the approval of an owner\n',
  );
  const said = JSON.parse(agent.protect('whoami', '--format', 'json').stdout);
  equal(said, { version: 1, level: 'read-only', key: 'actors.agents', agents: [claude] });
  match(guardedRepo().repo.protect('whoami').stdout, 'no level: the policy has no actors:');
});

test('the policy cannot weaken the check but by actors:', () => {
  const { repo } = guardedRepo();
  repo.write('.protectionrc', `${repo.read('.protectionrc')}checks: { actor-level: { severity: warning } }\n`);
  match(repo.protect('policy', 'check').stderr, "'actor-level' cannot be turned off or weakened");
});
