import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { craft, stepsOf } from './support/attacks.ts';
import { suite } from './support/suite.ts';
import { approve, distFolder, folder, guardedRepo, makeKey, newRepo, Repo, run } from './support/world.ts';

const test = suite('terminal');

/**
 * Runs `protect` on a real terminal, typing the given lines: a person answers one question after the other, and goes away at
 * one more.
 */
function onTerminal(repo: Repo, typed: string, ...args: string[]) {
  return typing(repo, typed, process.execPath, join(distFolder, 'cli.js'), ...args);
}

/** The same of any command. */
function typing(repo: Repo, typed: string, ...words: string[]) {
  const seen = join(folder('terminal'), 'seen');
  // A line that is edited is printed again, so a question counts once, by its words.
  const questions = `grep -oE '[^\\r\\n]*\\[[yY]/[nN]\\]|[^\\r\\n]*\\[[^]]*\\]:|Why is it right' ${seen} 2>/dev/null | sort -u | wc -l`;
  const asked = (times: number) =>
    `until [ -e ${seen}.ended ] || [ "$(${questions})" -ge ${times} ]; do sleep 0.05; done`;
  const lines = typed.split('\n').slice(0, -1);
  const answers = lines.map((line, at) => `${asked(at + 1)}; printf '%s\\n' '${line}'`);
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const command = `(${[...answers, asked(lines.length + 1)].join('; ')}) | { script -qefc "$1" ${seen}; code=$?; touch ${seen}.ended; exit $code; }`;
  return run(repo.dir, 'sh', ['-c', command, 'sh', quoted], { env: { ...repo.env, TERM: 'xterm' } });
}

test('approve asks, signs on yes and writes nothing on anything else', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  const args = ['approve', '--staged', '--key', keys['lead']!.file, '--reason', 'a test'];
  for (const answer of ['n\n', '\n', 'perhaps\n', '']) {
    const refused = onTerminal(repo, answer, ...args);
    is(refused.code, 1, refused.out);
    match(refused.out, 'not signed, nothing is written');
    is(repo.has('.protect'), false);
  }
  const signed = onTerminal(repo, 'y\n', ...args);
  is(signed.code, 0, signed.out);
  match(signed.out, '+export const fee = 2;');
  match(signed.out, 'Sign this as lead? [y/N]');
  is(repo.tryGit('commit', '-m', 'CRITICAL: fee').code, 0);
});

/** A guarded repository whose owner is at home here. */
function atHome(more = '') {
  const { repo, keys } = guardedRepo({ more });
  repo.git('config', 'user.signingkey', keys['lead']!.file);
  return repo.write('server/pay.ts', 'export const fee = 2;\n');
}

const commit = ['git', 'commit', '-m', 'CRITICAL: fee'];

test('an owner who commits on a terminal is asked there, and the approval is in the commit', () => {
  for (const [stage, how] of [
    [['add', '-A'], []],
    [['status'], ['-a']],
    [['status'], ['server/pay.ts']],
  ] as const) {
    const repo = atHome();
    repo.git(...stage);
    const done = typing(repo, 'y\na better price\n', ...commit, ...how);
    is(done.code, 0, done.out);
    match(done.out, 'protect: this commit needs your approval');
    match(done.out, '+export const fee = 2;');
    match(done.out, "this is critical: the subject of the commit starts with 'CRITICAL: '");
    match(repo.git('show', '--stat', '--format='), /\.approval +\| .*\n server\/pay\.ts/);
    is(repo.git('status', '--porcelain'), '', 'the index of the clone holds it as well');
    is(repo.protect('ci', '--base', 'HEAD~1').code, 0);
    match(repo.git('show', 'HEAD:.protect/approvals'), 'approval');
  }
});

test('an approval of a commit that commit-msg refused is used by the next one, and nobody is asked again', () => {
  for (const how of [['-a'], ['server/pay.ts']]) {
    const repo = new Repo(atHome().dir, { NO_COLOR: '1' });
    const bad = typing(repo, 'y\na better price\n', 'git', 'commit', '-m', 'no type', ...how);
    is(bad.code, 1, bad.out);
    match(bad.out, 'protect: refused (commit-msg');
    // What no owner signed, or what is for another change, is left where it lies.
    const [path] = repo.git('ls-files', '--others', '.protect').split('\n') as [string];
    const forged = craft(makeKey('mallory'), { changes: stepsOf(repo, 'HEAD', 'HEAD', 'server/pay.ts') });
    repo.write(forged.path, forged.content);
    const [, help] = /help: (git commit .*?) {2}#/.exec(bad.out)!;
    const editor = "printf 'CRITICAL: fee\\n' >";
    const again = run(repo.dir, 'sh', ['-c', help!], { env: { ...repo.env, GIT_EDITOR: `f() { ${editor}"$1"; }; f` } });
    is(again.code, 0, again.out);
    match(again.out, `${path}; it was signed before, and goes into this commit`);
    is(repo.git('show', '--name-only', '--format=%s'), `CRITICAL: fee\n\n${path}\nserver/pay.ts`);
    is(repo.git('status', '--porcelain', '-uall'), `?? ${forged.path}`);
    is(repo.protect('ci', '--base', 'HEAD~1').code, 0);
  }
});

test('whoever says no, gives no reason or goes away is refused as ever, and nothing is written', () => {
  for (const typed of ['n\n', '\n', 'y\n\n', 'y\n---\n', 'y\n', '']) {
    const repo = atHome();
    repo.git('add', '-A');
    const refused = typing(repo, typed, ...commit);
    is.not(refused.code, 0, refused.out);
    // Whoever went away is told nothing.
    if (typed !== '' && typed !== 'y\n') match(refused.out, 'changed without approval');
    is(repo.has('.protect/approvals'), false);
    is(repo.git('diff', '--cached', '--name-only'), 'server/pay.ts');
  }
});

test('nobody is asked where it would not help, or is not wanted', () => {
  const asks = (repo: Repo, ...how: string[]) => {
    repo.git('add', '-A');
    const done = typing(repo, '', ...commit, ...how);
    is(done.code, 1, done.out);
    return done.out.includes('Approve as');
  };
  is(asks(atHome()), true);
  is(asks(atHome('approvals: { ask: false }')), false);
  is(asks(new Repo(atHome().dir, { CLAUDECODE: '1' })), false);
  const stranger = atHome();
  stranger.git('config', 'user.signingkey', makeKey('stranger').file);
  is(asks(stranger), false);
  // Another check refuses as well.
  is(asks(atHome().write('.env', 'PASSWORD=hunter2hunter2\n')), false);
  const two = guardedRepo({
    keys: { lead: makeKey('lead'), dev: makeKey('dev') },
    more: 'files: [{ paths: [server/pay.ts], required: 2 }]',
  });
  two.repo.git('config', 'user.signingkey', two.keys['lead']!.file);
  two.repo.write('server/pay.ts', 'export const fee = 2;\n');
  is(asks(two.repo), false);
  is(approve(two.repo, two.keys['dev']!, '--staged').code, 0);
  is(asks(two.repo), true);
  // What a program captures is not shown to anybody, and a job in the background has no terminal to ask on.
  const quiet = atHome();
  quiet.git('add', '-A');
  const captured = typing(quiet, '', 'sh', '-c', 'git commit -m "CRITICAL: fee" 2>&1 | cat');
  not.match(captured.out, 'Approve as');
  match(captured.out, 'changed without approval');
  const behind = typing(quiet, '', 'bash', '-mc', 'git commit -m "CRITICAL: fee" & wait $!');
  not.match(behind.out, 'Approve as');
  match(behind.out, 'changed without approval');
});

test('init asks before it writes, and offers to make a key', () => {
  const home = folder('home');
  const made = newRepo();
  const repo = new Repo(made.dir, { HOME: home });
  repo.git('config', '--global', 'user.name', 'Anna');
  repo.git('config', '--global', 'user.email', 'anna@example.com');
  repo.commit('start', { a: '1' });
  const declined = onTerminal(repo, 'n\nn\n', 'init');
  is(declined.code, 1, declined.out);
  match(declined.out, 'nothing is written');
  is(repo.has('.protectionrc'), false);
  mkdirSync(join(home, '.ssh'), { recursive: true });
  copyFileSync(`${makeKey('anna').file}.pub`, join(home, '.ssh/id_ed25519.pub'));
  const accepted = onTerminal(repo, '\n', 'init');
  is(accepted.code, 0, accepted.out);
  match(repo.read('.protectionrc'), 'anna: { keys:');
});

/** A repository that leaves open which branch counts, what builds it, and which database it has. */
function leavesOpen() {
  const home = folder('home');
  const repo = new Repo(newRepo().dir, { HOME: home });
  mkdirSync(join(home, '.ssh'), { recursive: true });
  copyFileSync(`${makeKey('anna').file}.pub`, join(home, '.ssh/id_ed25519.pub'));
  repo.git('config', '--global', 'user.name', 'Anna');
  repo.git('config', '--global', 'user.email', 'anna@example.com');
  repo.commit('start', {
    'package.json': '{\n  "name": "x",\n  "scripts": {\n    "test": "true"\n  }\n}\n',
    'server/payments/refund.ts': 's',
    'migrations/env.py': 'x\n',
    'migrations/versions/1_first.py': 'x\n',
  });
  repo.git('branch', 'develop');
  return repo;
}

test('init asks once what it can only guess, and shows what it will write', () => {
  const repo = leavesOpen();
  const done = onTerminal(repo, 'nope\ndevelop\nmake check\nn\nmysql\n\n', 'init', '--ci', 'none');
  is(done.code, 0, done.out);
  match(done.out, 'Branch that changes land on [main]: ');
  match(done.out, "there is no branch 'nope'; Branch that changes land on [main]: ");
  match(done.out, 'Command that has to pass before a push [none]: ');
  match(done.out, 'Protect as critical, by their names: /server/payments/? [Y/n] ');
  match(done.out, 'Database of the migrations in migrations: postgres, mysql, tidb, sqlite, other [postgres]: ');
  match(done.out, /\+ version: 1.*… and \d+ more lines; --dry-run shows them/s);
  match(done.out, '+     "prepare": "node -e');
  match(done.out, 'Write these? [Y/n] ');
  const screen = done.out.slice(done.out.lastIndexOf(']: '));
  is(screen.slice(0, screen.indexOf('Write these?')).split('\n').length <= 25, true, 'it fits on a screen');
  const policy = repo.read('.protectionrc');
  match(policy, '"develop": { forcePush');
  match(policy, 'build: { command: make check,');
  match(policy, 'tool: alembic, dialect: mysql');
  not.match(policy, '/server/payments/');
  is(repo.protect('policy', 'check').code, 0);
});

test('init: Enter takes the guess; whoever goes away gets nothing written', () => {
  const repo = leavesOpen();
  const gone = onTerminal(repo, '\n', 'init', '--ci', 'none');
  is(gone.code, 1, gone.out);
  match(gone.out, 'nothing is written');
  is(repo.has('.protectionrc'), false);
  const done = onTerminal(repo, '\n\n\n\n\n', 'init', '--ci', 'none');
  is(done.code, 0, done.out);
  const asked = repo.read('.protectionrc').replace(/project: .*/, '');
  repo.remove('.protectionrc');
  is(repo.protect('init', '--ci', 'none').code, 0);
  is(repo.read('.protectionrc').replace(/project: .*/, ''), asked, 'without a terminal the guesses are the same');
});

test('init asks nobody with --yes, in CI, and under an agent', () => {
  for (const [env, args] of [
    [{}, ['--yes']],
    [{ CI: 'true' }, []],
    [{ CLAUDECODE: '1' }, []],
  ] as const) {
    const made = leavesOpen();
    const repo = new Repo(made.dir, { ...made.env, ...env });
    const done = onTerminal(repo, '', 'init', '--ci', 'none', ...args);
    is(done.code, 0, done.out);
    not.match(done.out, ']: ');
    not.match(done.out, '[Y/n]');
    is(repo.has('.protectionrc'), true);
  }
});

test('a build that takes a while counts its seconds on a terminal, and says one line elsewhere', () => {
  const { repo } = guardedRepo({ more: 'build: { command: "sleep 3", on: [ci] }' });
  repo.commit('feat: x', { 'src/x.ts': '1\n' });
  const live = onTerminal(repo, '', 'ci').out;
  match(live, /protect: build: sleep 3 \([0-9a-f]{12}\)\s\s?[12] s/);
  const plain = repo.protect('ci').stderr;
  match(plain, /^protect: build: sleep 3 \([0-9a-f]{12}\)\n$/);
});

test('colour on a terminal, none where NO_COLOR says so', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: x');
  match(onTerminal(repo, '', 'ci', '--base', 'HEAD~1').out, '\u001b[');
  not.match(onTerminal(new Repo(repo.dir, { NO_COLOR: '1' }), '', 'ci', '--base', 'HEAD~1').out, '\u001b[3');
});

test('policy show prints the effective policy, and it is one itself', () => {
  const { repo } = guardedRepo({ more: 'build: { command: "true" }' });
  const shown = repo.protect('policy', 'show');
  is(shown.code, 0);
  const policy = JSON.parse(shown.stdout.slice(shown.stdout.indexOf('\n')));
  is(policy.approvals.lifetime, '7d');
  is(policy.build.timeout, '15m');
  is(policy.files[0].owners[0], 'lead');
  repo.write('.protectionrc', shown.stdout.slice(shown.stdout.indexOf('\n')));
  is(repo.protect('policy', 'check').code, 0, repo.protect('policy', 'check').out);
});

test('request on a terminal tells what needs approval instead of dumping it', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n').write('config/new.json', '1\n').git('add', '-A');
  const told = onTerminal(repo, '', 'request', '--staged').out.replaceAll('\r', '');
  is(
    told,
    '2 files to approve for main:\n  config/new.json  new, owners: lead\n  server/pay.ts  changed, owners: lead\n' +
      'to send an owner what they need to see: npx git-protect request --staged -o request.json\n',
  );
  const odd = onTerminal(repo, '', 'request', '--staged', '--target', '$(touch x)').out;
  match(odd, 'npx git-protect request -o request.json  # and the same flags');
  is(JSON.parse(repo.protect('request', '--staged').stdout).changes.length, 2);
});
