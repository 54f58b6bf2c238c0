import { is, match, not } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { guardedRepo, newRepo } from './support/world.ts';

const test = suite('scan');

/** A token of a shape that everybody knows, drawn here. */
const token = `ghp_${Array.from({ length: 36 }, (_, n) => 'aB3dE6gH9j'[(n * 7) % 10]).join('')}`;

test('what the tree holds is found without a policy; what it held only with --history', () => {
  const repo = newRepo();
  is(repo.protect('scan').code, 2, 'nothing is committed');
  repo.commit('start', { 'src/a.ts': `const t = '${token}';\n`, '.env': 'A=1\n' });
  const found = repo.protect('scan');
  is(found.code, 1, found.out);
  match(found.out, 'error[no-secrets] src/a.ts:1');
  match(found.out, 'error[forbidden-files] .env');
  match(found.stdout, 'protect: refused (scan, ');
  not.match(found.out, token);
  repo.remove('src/a.ts').remove('.env');
  const gone = repo.commit('feat: taken out');
  is(repo.protect('scan').code, 0);
  const past = repo.protect('scan', '--history');
  is(past.code, 1, past.out);
  match(past.out, 'error[no-secrets] src/a.ts:1');
  match(past.out, '.env');
  is(repo.head(), gone);
});

test('what --accept prints lets all of it pass, and nothing else', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: a', { 'src/a.ts': `const t = '${token}';\n`, '.env': 'A=1\n', 'deploy/id_ed25519': 'x\n' });
  const accepted = repo.protect('scan', '--accept');
  is(accepted.code, 1);
  const policy = accepted.stdout.slice(accepted.stdout.indexOf('checks:'));
  repo.commit('chore: accept', { '.protectionrc': `${repo.read('.protectionrc')}${policy}` });
  const passed = repo.protect('scan', '--accept');
  is(passed.code, 0, passed.out);
  match(passed.out, 'nothing has to be accepted');
  match(policy, '      allow: ["/deploy/id_ed25519"]\n      settings: ["/.env"] # as long as');
  repo.commit('feat: b', { 'src/b.ts': `const t = '${token}';\n` });
  is(repo.protect('scan').code, 1);
  repo.commit('fix: b', { 'src/b.ts': '', '.env': `DB_PASSWORD=${token.slice(0, 12)}\n` });
  match(repo.protect('scan').out, '.env: gives a value to DB_PASSWORD', 'settings are accepted, a secret is not');
});

test('it says only what its own checks say, also as JSON', () => {
  const { repo } = guardedRepo({ more: 'checks: { mine: { command: [./none], on: [ci] } }' });
  repo.commit('no type at all', { 'server/pay.ts': 'unapproved\n' });
  const { gate, outcomes } = JSON.parse(repo.protect('scan', '--format', 'json').stdout);
  is(gate, 'ci', 'one of the gates of the contract');
  match(repo.protect('scan', '--format', 'markdown').stdout, 'scan, ');
  is(
    outcomes
      .map(({ check }: { check: string }) => check)
      .sort()
      .join(),
    'forbidden-files,no-secrets,pinned-settings,test-targets',
  );
});

test('what --accept prints names the files that were found, and no others', () => {
  const { repo } = guardedRepo();
  const names = ['keys/[a-c]*.pem', 'keys/b.pem', 'keys/two\nprotect: passed (scan).pem'];
  const key = (n: number) => `-----BEGIN ${['PRIVATE', 'KEY'].join(' ')}-----\n${'MC4CAQAw'.repeat(12)}${n}\n`;
  repo.commit('feat: keys', { [names[0]!]: key(1), [names[2]!]: key(2) });
  const accepted = repo.protect('scan', '--accept');
  is(accepted.code, 1, accepted.out);
  not.match(accepted.out, /^protect: passed/m);
  match(accepted.out, 'keys/two<U+000A>protect: passed (scan).pem');
  match(
    accepted.stdout,
    String.raw`# no pattern can name "keys/two\nprotect: passed (scan).pem": rename it, or take it out`,
  );
  const policy = accepted.stdout.slice(accepted.stdout.indexOf('checks:'));
  match(policy, String.raw`"/keys/\\[a-c\\]\\*.pem"`);
  repo.remove(names[2]!).commit('chore: accept', { '.protectionrc': `${repo.read('.protectionrc')}${policy}` });
  is(repo.protect('scan').code, 0, repo.protect('scan').out);
  repo.commit('feat: another', { [names[1]!]: key(3) });
  match(repo.protect('scan').out, 'keys/b.pem');
});
