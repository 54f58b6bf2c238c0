import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { hosts } from '../../src/guard/hosts/index.ts';
import { suite } from '../support/suite.ts';
import { distFolder, projectRoot, type Result, run } from '../support/world.ts';
import { worlds } from './worlds.ts';

const test = suite('what each host hands over');
const { clean } = worlds();

const guard = (host: string, input: string | Buffer, env: NodeJS.ProcessEnv = {}): Result =>
  run(clean.dir, process.execPath, [join(distFolder, 'guard.cjs'), '--host', host], { input, env });

type Recorded = readonly [what: string, refused: boolean, payload: unknown];
const folder = join(projectRoot, 'test/fixtures/agents');
const recorded = (host: string) =>
  JSON.parse(readFileSync(join(folder, `${host}.json`), 'utf8').replaceAll('<repo>', clean.dir)) as readonly Recorded[];

/** Was the call refused, in the form that this host obeys? */
function isRefused(host: string, { code, stdout, stderr }: Result): boolean {
  if (host === 'cline')
    return code === 0 && stdout !== '' && JSON.parse(stdout).cancel === true && JSON.parse(stdout).errorMessage !== '';
  if (host === 'copilot')
    return (
      code === 0 &&
      stdout !== '' &&
      JSON.parse(stdout).permissionDecision === 'deny' &&
      JSON.parse(stdout).permissionDecisionReason !== ''
    );
  return code === 2 && stdout === '' && stderr !== '';
}

test('there is a record for each host', () => {
  equal(readdirSync(folder).sort(), hosts.map(({ name }) => `${name}.json`).sort());
});

for (const { name } of hosts)
  test(`${name}: recorded calls`, () => {
    for (const [what, refused, payload] of recorded(name)) {
      const said = guard(name, JSON.stringify(payload));
      if (refused) ok(isRefused(name, said), `${what}: ${said.code} ${said.out}`);
      else equal([said.code, said.stdout, said.stderr], [0, '', ''], `${what}: ${said.out}`);
      not.match(said.stdout, /allow/);
    }
  });

test("a host that reads another's file is understood by the shape of its call", () => {
  for (const host of ['claude', 'copilot', 'cursor'])
    for (const { name } of hosts) {
      const [, , payload] = recorded(name).find(([, refused]) => refused)!;
      ok(isRefused(name === 'cline' ? 'cline' : host, guard(host, JSON.stringify(payload))), `${host} ${name}`);
    }
});

test('what cannot be read is refused', () => {
  const call = (command: unknown) =>
    JSON.stringify({ hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command }, cwd: clean.dir });
  let deep: unknown = 'x';
  for (let at = 0; at < 200; at++) deep = [deep];
  const cases: [string, string | Buffer, RegExp][] = [
    ['nothing', '', /not JSON/],
    ['no JSON', 'git status', /not JSON/],
    ['cut off', call('git status').slice(0, -3), /not JSON/],
    ['no object', '[]', /not a JSON object/],
    ['no tool', '{}', /names no tool/],
    ['too deep', JSON.stringify({ tool_name: 'x', tool_input: { a: deep } }), /nested too deeply/],
    ['too long a command', call(`echo ${'x'.repeat(70_000)}`), /longer than 64 KiB/],
    ['too large', Buffer.alloc((16 << 20) + 2, 32), /larger than 16 MiB/],
    ['nested past all use', call(`${'$('.repeat(60)}git status${')'.repeat(60)}`), /nested|whole/],
    ['shells in shells', call(`${'eval '.repeat(40)}git status`), /nested too deeply/],
    [
      'multiplied past all use',
      call(
        `git add ${'{a,b}'.repeat(5)}; ${'for i in 1 2 3 4 5 6 7 8; do '.repeat(6)} git status; ${'done; '.repeat(6)}`,
      ),
      /too many commands/,
    ],
  ];
  for (const [what, input, says] of cases) {
    const said = guard('claude', input);
    is(said.code, 2, `${what}: ${said.out}`);
    match(said.stderr, says, what);
    ok(isRefused('cline', guard('cline', input)), what);
    ok(isRefused('copilot', guard('copilot', input)), what);
  }
});

test('an unknown host is exit 2', () => {
  for (const args of [['--host', 'x'], [], ['--host'], ['--hots', 'claude']]) {
    const said = run(clean.dir, process.execPath, [join(distFolder, 'guard.cjs'), ...args], { input: '{}' });
    is(said.code, 2);
    match(said.stderr, 'expected claude, codex');
  }
  is(clean.protect('guard', '--host', 'x').code, 2);
});

test('what is refused is kept, without the values of variables', () => {
  const log = join(clean.dir, '.git/protect/guard.jsonl');
  const command = 'API_KEY=sk-1234567890 PGPASSWORD=hunter2 psql postgres://u:pw@db.internal/x -c "DROP TABLE x"';
  is(guard('claude', JSON.stringify({ tool_name: 'Bash', tool_input: { command }, cwd: clean.dir })).code, 2);
  ok(existsSync(log));
  is(statSync(log).mode & 0o777, 0o600);
  const text = readFileSync(log, 'utf8');
  not.match(text, /hunter2|sk-1234|:pw@/);
  const shown = clean.protect('guard', '--log');
  is(shown.code, 0);
  match(shown.stdout, 'claude  data: DROP TABLE destroys data');
});

test('hostile characters are never printed as they are', () => {
  const command = 'git commit --no-verify -m "\u001b[2J\u202e\u0007x"';
  const said = guard('claude', JSON.stringify({ tool_name: 'Bash', tool_input: { command }, cwd: clean.dir }));
  is(said.code, 2);
  not.match(said.stderr, /[\u001b\u202e\u0007]/);
  match(said.stderr, '<U+001B>');
});

test('--explain says it part by part, and runs nothing', () => {
  const refused = clean.protect('guard', '--explain', 'echo hi && git commit -n -m x > made.txt');
  is(refused.code, 1);
  match(refused.stdout, /passes {3}echo hi\nrefused {2}git commit -n -m x/);
  match(refused.stdout, 'nothing was run');
  not.ok(clean.has('made.txt'));
  is(clean.protect('guard', '--explain', 'git status').code, 0);
  is(clean.protect('guard', '--explain', 'x', '--log').code, 2);
});

test('the policy lets single commands through, and cannot weaken the rest', () => {
  const explain = (command: string) => clean.protect('guard', '--explain', command).code;
  is(explain('npx prisma migrate reset --schema test.prisma'), 0);
  is(explain('npx prisma migrate reset --schema test.prisma --force'), 1, 'word for word');
  is(
    explain('DATABASE_URL=postgres://app.example.com/x npx prisma migrate reset --schema test.prisma'),
    1,
    'production',
  );
  is(explain('docker compose -f test.yml down -v'), 0);
  is(explain('docker compose -f test.yml down -v --remove-orphans'), 0);
  is(explain('docker compose down -v'), 1);
});
