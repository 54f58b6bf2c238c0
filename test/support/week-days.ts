import { randomBytes } from 'node:crypto';
import { is, match } from 'uvu/assert';
import { scripts, service } from './deploys.ts';
import { freePort } from './server.ts';
import { Team } from './week-team.ts';
import type { Edit } from './week-writer.ts';
import { copyRepo, type Key, makeKey, policyText, Repo } from './world.ts';

const port = await freePort();

/** The policy as it stands at a time of the week. */
const policyOf = (keys: Record<string, Key>, token: string) =>
  policyText(
    keys,
    `files:
  - { paths: [server/pay.ts], risk: critical, reason: Payments }
  - { paths: [config/, db/migrations/], risk: high }
migrations: [{ folder: db/migrations }]
checks: { not-root: { severity: off } }
deploy:
  production:
    run: { command: ./deploy.sh, timeout: 20s }
    undo: ./undo.sh
    undoCheck: test -x undo.sh
    environment: { file: .env.production, pinned: { API_TOKEN: { fingerprint: "${token}" } } }
    rollback: { tag: "v{date}-{time}-{commit}" }
    live:
      url: "http://127.0.0.1:${port}/health"
      expect: { "$.status": ok }
      commit: "$.commit"
      ready: { tries: 3, delay: 1s, wait: 1s, good: 1 }
    watch: { for: 1s, every: 1s, grace: 1s, minimum: 2, latency: 1s }`,
  );

/** The print of a secret, which lies in the deployer's file from now on. */
function keepSecret(repo: Repo): string {
  repo.write('.env.production', `API_TOKEN=${randomBytes(24).toString('hex')}\n`, 0o600);
  const done = repo.protect('fingerprint', 'API_TOKEN', '--env-file', '.env.production');
  return /"(scrypt:.*)"/.exec(done.stdout)![1]!;
}

/** Work that touches nothing protected: so many branches of so many commits. */
function plainWork(topic: string, branches: number, commits: number): Record<string, Edit[]> {
  const edits = (branch: number) =>
    Array.from({ length: commits }, (_, n) => ({
      subject: `feat: ${topic} ${branch}, part ${n}`,
      files: { [`src/${topic}/${branch}-${n % 4}.ts`]: `export const part = ${n};\n` },
    }));
  return Object.fromEntries(Array.from({ length: branches }, (_, at) => [`${topic}/${at}`, edits(at)]));
}

/** Monday: the first policy, work of two, and a fee that an owner approves from afar. */
function monday(team: Team, keys: Record<string, Key>): void {
  team.day(0);
  const anna = team.at('anna', false);
  const modes = Object.entries(scripts).map(([name, text]) => [name, `#!/bin/sh\n${text}`] as const);
  for (const [name, text] of modes) anna.write(name, text, 0o755);
  const files = {
    ...Object.fromEntries(modes),
    '.gitignore': 'dist\npid\nno-way-back\n.env.*\n',
    'server.mjs': service,
    port: String(port),
    mode: 'good',
    'server/pay.ts': 'fee = 1\n',
    'config/app.json': '{}\n',
    'db/migrations/001_start.sql': 'CREATE TABLE orders (id int);\n',
  };
  team.stage('anna', files);
  team.commit('anna', 'chore: start', files);
  const policy = { '.protectionrc': policyOf(keys, keepSecret(anna)) };
  team.stage('anna', policy);
  team.commit('anna', 'chore: protect', policy);
  team.push('anna');
  team.known.policyMoved(
    ['protection begins: 2 owners (anna, ben), 2 rules with 3 patterns of protected files, 1 listed branch'],
    [],
  );

  team.push('dana', team.work('dana', plainWork('shop', 4, 7)));
  team.push('carl', team.work('carl', plainWork('mail', 1, 9), { land: 'ahead' }));

  const carl = team.at('carl');
  const fee = { 'server/pay.ts': 'fee = 2\n' };
  team.stage('carl', fee);
  team.commit('carl', 'CRITICAL: raise the fee', fee);
  match(team.push('carl', [], ['protected-files'], 'refuse').out, 'changed without approval');
  carl.git('reset', '-q', '--soft', 'HEAD~1');
  is(carl.protect('request', '-o', '.git/fee.request').code, 0);
  const ben = team.at('ben');
  const signing = ['--key', keys['ben']!.file, '--reason', 'as agreed', '--yes'];
  const signed = ben.protect('approve', `${carl.dir}/.git/fee.request`, ...signing);
  is(signed.code, 0, signed.out);
  is(carl.protect('approval', 'add', /pt1_[\w-]+/.exec(signed.stdout)![0]).code, 0);
  team.commit('carl', 'CRITICAL: raise the fee', fee, { covers: [team.coverIn(carl, keys['ben']!)] });
  team.push('carl');
}

/** Tuesday: an agent's branch, which it may not approve and an owner does; the first deploy. */
function tuesday(team: Team, keys: Record<string, Key>): void {
  team.day(1);
  const config = { 'config/app.json': '{ "pages": 20 }\n' };
  const edits = [...plainWork('pages', 1, 8)['pages/0']!, { subject: 'feat: pages of twenty', files: config }];
  const [branch] = team.work('dana', { 'agent/pages': edits }, { land: 'not', by: 'helper' });
  const asHelper = new Repo(team.at('dana', false).dir, { AI_AGENT: 'helper' });
  asHelper.git('switch', '-q', branch!);
  const refused = asHelper.protect('approve', '--key', keys['ben']!.file, '--reason', 'fine', '--yes');
  is(refused.code, 1, refused.out);
  asHelper.git('switch', '-q', 'main');
  team.push('dana', [branch!], ['protected-files']);
  const ben = team.at('ben');
  ben.git('switch', '-q', branch!);
  const cover = team.sign(ben, keys['ben']!, '--range', 'origin/main..HEAD');
  const approved = team.commit('ben', 'chore: approve the pages', {}, { covers: [cover] });
  ben.git('switch', '-q', 'main');
  const files = Object.assign({}, ...edits.map((edit) => edit.files)) as Record<string, string>;
  team.merge('ben', branch!, [approved], 'helper', files);
  team.push('ben', [branch!]);
  deploy(team, 0);
}

/** Wednesday: a migration, an edit of one that has run, a secret that leaks into a branch, a secret that is replaced; a deploy. */
function wednesday(team: Team, keys: Record<string, Key>): void {
  team.day(2);
  const more = { 'db/migrations/002_names.sql': 'ALTER TABLE orders ADD COLUMN name text;\n' };
  const dana = team.at('dana');
  team.stage('dana', more);
  const cover = team.sign(dana, keys['anna']!, '--staged');
  team.commit('dana', 'feat: names of orders', more, { covers: [cover] });
  team.push('dana');
  const edited = { 'db/migrations/001_start.sql': 'CREATE TABLE orders (id bigint);\n' };
  team.stage('dana', edited);
  const useless = team.sign(dana, keys['anna']!, '--staged');
  team.commit('dana', 'fix: wider ids', edited, { covers: [useless] });
  match(team.push('dana', [], ['unedited-migrations'], 'refuse').out, '001_start.sql');

  const leak = { subject: 'feat: keys', files: { 'src/keys.ts': `const key = "AKIA${'QWERTYUIOPASDFGH'}";\n` } };
  const leaked = team.work('carl', { 'mail/keys': [leak] }, { land: 'not' });
  match(team.push('carl', leaked, ['no-secrets'], 'refuse').out, 'src/keys.ts');

  const anna = team.at('anna');
  const policy = { '.protectionrc': policyOf(keys, keepSecret(anna)) };
  team.stage('anna', policy);
  const byBen = team.sign(anna, keys['ben']!, '--staged');
  team.commit('anna', 'chore: the token is another', policy, { covers: [byBen] });
  team.push('anna');
  team.known.policyMoved(['production: environment changed'], []);
  team.push('carl', team.work('carl', plainWork('search', 6, 5)));
  deploy(team, 0);
}

/** Thursday: deploys are frozen, a fix that the hook refuses goes past it and is approved later, a deploy that an owner let pass is taken back. */
function thursday(team: Team, keys: Record<string, Key>): void {
  team.day(3);
  const carl = team.at('carl');
  is(carl.protect('freeze', 'orders are charged twice').code, 0);
  const freeze = carl.git('diff', '--cached', '--name-only', '--', '.protect/freezes/');
  const text = carl.read(freeze);
  team.commit('carl', 'chore: freeze deploys', { [freeze]: text });
  team.push('carl');

  team.at('anna');
  const fix = { 'server/pay.ts': 'fee = 2 // once\n' };
  team.stage('anna', fix);
  const fixed = team.commit('anna', 'fix: charge once', fix);
  const sick = { mode: 'sick' };
  team.stage('anna', sick);
  team.commit('anna', 'fix: say how it is', sick);
  team.push('anna', [], ['commit-message', 'protected-files'], 'refuse');
  team.force('anna');
  const ben = team.at('ben');
  const covers = [team.sign(ben, keys['ben']!, '--landed', fixed.commit)];
  team.commit('ben', 'chore: approve what landed in the night', {});
  team.push('ben');
  team.known.since(fixed.commit, { covers });
  deploy(team, 4, keys['ben']);

  const dana = team.at('dana');
  match(dana.protect('thaw').stdout, 'removed');
  dana.write('mode', 'good').git('add', 'mode');
  const byBen = team.sign(dana, keys['ben']!, '--staged');
  team.commit('dana', 'fix: thaw, and be well', { [freeze]: null, mode: 'good' }, { covers: [byBen] });
  team.push('dana');
}

/** Friday: a key is lost. Another owner approves the new one, and the old one opens nothing any more. */
function friday(team: Team, keys: Record<string, Key>): void {
  team.day(4);
  const ben = team.at('ben');
  const lost = keys['ben']!;
  const now = { ...keys, ben: makeKey('ben') };
  const text = ben.read('.protectionrc').replace(lost.line, now.ben.line);
  team.stage('ben', { '.protectionrc': text });
  const cover = team.sign(ben, keys['anna']!, '--staged');
  team.commit('ben', 'chore: another key of mine', { '.protectionrc': text }, { covers: [cover] });
  team.push('ben');
  team.known.policyMoved(['ben has 1 new key', '1 key of ben no longer counts'], ['ben has 1 new key']);

  const fee = { 'server/pay.ts': 'fee = 3 // once\n' };
  // Whoever found the key signs in a clone from before.
  const carl = team.at('carl');
  const before = new Repo(copyRepo(carl).dir, carl.env);
  before.git('switch', '-q', '-C', 'main', 'origin/main~1');
  before.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  before.write('server/pay.ts', fee['server/pay.ts']).git('add', '.');
  const stolen = team.sign(before, lost, '--staged');
  team.stage('carl', { ...fee, [stolen.file]: before.read(stolen.file) });
  team.commit('carl', 'CRITICAL: a fee', fee, { covers: [stolen] });
  team.push('carl', [], ['protected-files'], 'refuse');

  team.at('carl');
  const good = team.sign(team.stage('carl', fee), now.ben, '--staged');
  team.commit('carl', 'CRITICAL: a fee', fee, { covers: [good] });
  team.push('carl');
}

/** The weekend: the rest of the work, an edit past the hook that is taken back, and one that nobody stands by. */
function weekend(team: Team): void {
  team.day(5);
  team.push('dana', team.work('dana', plainWork('basket', 8, 5)));
  team.push('carl', team.work('carl', plainWork('invoice', 8, 5)));
  team.push('anna', team.work('anna', plainWork('docs', 1, 12), { land: 'ahead' }));
  team.day(6);
  team.at('carl');
  const tried = ['{ "pages": 99 }\n', '{ "pages": 20 }\n'].map((text) => {
    team.stage('carl', { 'config/app.json': text });
    return team.commit('carl', 'chore: how many pages?', { 'config/app.json': text });
  });
  team.force('carl');
  for (const { commit } of tried) team.known.since(commit, 'taken back');
  team.at('dana');
  team.stage('dana', { 'config/app.json': '{ "pages": 50 }\n' });
  team.commit('dana', 'chore: more pages', { 'config/app.json': '{ "pages": 50 }\n' });
  team.force('dana');
}

/** Anna deploys. @param waiver the key of an owner who lets it pass a freeze */
function deploy(team: Team, code: number, waiver?: Key): void {
  const anna = team.at('anna');
  const args: string[] = [];
  const waivers = [];
  if (waiver) {
    is(anna.protect('predeploy', '--only', 'deploy-window').code, 1, 'frozen');
    const order = ['--deploy', 'production', '--waive', 'deploy-window', '--key', waiver.file];
    const signed = anna.protect('approve', ...order, '--reason', 'it is the fix', '--yes');
    const token = /pt1_([\w-]+)/.exec(signed.stdout)!;
    const said = JSON.parse(Buffer.from(token[1]!, 'base64url').toString().split('-----BEGIN')[0]!);
    args.push('--waiver', token[0]);
    const { issuedAt, expiresAt } = said as Record<'issuedAt' | 'expiresAt', string>;
    const told = { environment: 'production', checks: ['deploy-window'], approver: 'ben', reason: 'it is the fix' };
    waivers.push({ ...told, issuedAt, expiresAt, valid: true });
  }
  const done = anna.protect('deploy', 'production', ...args);
  is(done.code, code, done.out);
  team.tagged('anna', anna.head(), waivers);
}

/**
 * Plays the week: a team of four, an agent of one of them, and a server that judges.
 * @param begun is told of the clone that deploys
 * @returns the team, and where main stood on Thursday night
 */
export function playWeek(begun: (deployer: Repo) => void): { team: Team; thursdays: string } {
  const team = new Team();
  begun(team.at('anna'));
  const keys = { anna: makeKey('anna'), ben: makeKey('ben') };
  monday(team, keys);
  tuesday(team, keys);
  wednesday(team, keys);
  thursday(team, keys);
  const thursdays = team.bare.head('main');
  friday(team, keys);
  weekend(team);
  return { team, thursdays };
}
