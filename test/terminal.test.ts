import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { distFolder, folder, guardedRepo, makeKey, newRepo, Repo, run } from './support/world.ts';

const test = suite('terminal');

/**
 * Runs `protect` on a real terminal, typing the given lines: a person answers one question after the other, and goes away at
 * one more.
 */
function onTerminal(repo: Repo, typed: string, ...args: string[]) {
  const seen = join(folder('terminal'), 'seen');
  const asked = (times: number) =>
    `until [ -e ${seen}.ended ] || [ "$(grep -o '\\[[yY]/[nN]\\]' ${seen} 2>/dev/null | wc -l)" -ge ${times} ]; do sleep 0.05; done`;
  const lines = typed.split('\n').slice(0, -1);
  const typing = lines.map((line, at) => `${asked(at + 1)}; printf '%s\\n' '${line}'`);
  const quoted = [process.execPath, join(distFolder, 'cli.js'), ...args]
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
  const command = `(${[...typing, asked(lines.length + 1)].join('; ')}) | { script -qefc "$1" ${seen}; code=$?; touch ${seen}.ended; exit $code; }`;
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
