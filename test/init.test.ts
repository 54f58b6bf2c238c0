import { copyFileSync, cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { refused } from './support/attacks.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { addRemote, folder, installPackage, makeKey, newRepo, projectRoot, Repo, run } from './support/world.ts';

hooksStay();
const test = suite('init');

/** A repository with a home of its own, so that its keys are known. */
function fresh(files: Record<string, string> = {}, withKey = true) {
  const home = folder('home');
  const made = newRepo();
  const repo = new Repo(made.dir, { HOME: home });
  mkdirSync(join(home, '.ssh'));
  repo.git('config', '--global', 'user.name', 'Anna Bell');
  repo.git('config', '--global', 'user.email', 'anna@example.com');
  if (withKey) copyFileSync(`${makeKey('anna').file}.pub`, join(home, '.ssh/id_ed25519.pub'));
  repo.commit('start', { 'src/a.ts': 'a\n', ...files });
  return repo;
}

test('migrations of Drizzle and Prisma are named, with their database', () => {
  const repo = fresh({
    'db/drizzle/meta/_journal.json': '{ "version": "7", "dialect": "mysql", "entries": [{ "tag": "0000_start" }] }',
    'own/meta/_journal.json': '{ "version": "7", "dialect": "mysql", "entries": [{ "tag": "0000_start" }] }',
    'own/0000_start.sql': 'SELECT 1;\n',
    'own/0001_by_hand.sql': 'SELECT 1;\n',
    'db/drizzle/schema.ts': 's',
    'db/drizzle/0000_start.sql': 'SELECT 1;\n',
    'prisma/schema.prisma': 's',
    'prisma/migrations/migration_lock.toml': '# made by Prisma\nprovider = "postgresql"\n',
    'prisma/migrations/1_start/migration.sql': 'SELECT 1;\n',
    'lite/meta/_journal.json': '{ "version": "7", "dialect": "sqlite", "entries": [] }',
    'single/meta/_journal.json': '{ "version": "7", "dialect": "singlestore", "entries": [] }',
    'worker/wrangler.jsonc': '{ "d1_databases": [{ "binding": "DB", "migrations_dir": "./d1" }] }',
    'worker/d1/0001_start.sql': 'SELECT 1;\n',
    'old/migrations/20200101120000-start.js': 'x',
    'config/config.json': '{}',
    'package.json': '{ "dependencies": { "better-sqlite3": "^11" } }\n',
  });
  is(repo.protect('init').code, 0);
  const policy = repo.read('.protectionrc');
  match(policy, '  - { folder: "db/drizzle", tool: drizzle, dialect: mysql, schema: ["/db/drizzle/schema.ts"] }\n');
  match(
    policy,
    '  - { folder: "prisma/migrations", tool: prisma, dialect: postgres, schema: ["/prisma/schema.prisma"] }\n',
  );
  match(policy, '  - { folder: "own", tool: plain, dialect: mysql }\n');
  match(policy, '  - { folder: "lite", tool: drizzle, dialect: sqlite }\n');
  match(policy, '  - { folder: "worker/d1", tool: plain, dialect: sqlite }\n');
  match(policy, '  - { folder: "old/migrations", tool: sequelize, dialect: sqlite }\n');
  not.match(policy, 'folder: "single"');
  const checked = repo.protect('policy', 'check');
  is(checked.code, 0, checked.out);
  not.match(checked.out, 'migrations[');
});

test('a repository apart from its files, which the environment names: dotfiles', () => {
  const home = realpathSync(folder('home'));
  const gitDir = join(home, '.dotfiles');
  const repo = new Repo(home, { HOME: home, GIT_DIR: gitDir, GIT_WORK_TREE: home });
  run(home, 'git', ['init', '-q', '--bare', '-b', 'main', gitDir], { env: { HOME: home } });
  const key = makeKey('anna');
  repo.git('config', '--global', 'user.name', 'Anna Bell');
  repo.git('config', '--global', 'user.email', 'anna@example.com');
  repo.git('config', 'status.showUntrackedFiles', 'no');
  installPackage(home);
  const made = repo.protect('init', '--owner', 'anna', '--key', `${key.file}.pub`, '--ci', 'none', '--yes');
  is(made.code, 0, made.out);
  const examined = repo.protect('doctor');
  match(examined.out, 'protect: 0 errors');
  repo.git('add', '.husky', '.protectionrc', '.protect');
  match(repo.tryGit('commit', '-m', 'no type').out, 'error[commit-message]');
  is(repo.tryGit('commit', '-m', 'chore: protect').code, 0);
  repo.write('.husky/pre-push', '').git('add', '.husky');
  refused(repo.tryGit('commit', '-m', 'chore: no push hook'), '.husky/pre-push');
  is(new Repo(join(home)).tryGit('status').code, 128, 'no .git was made beside the files');
  repo.git('config', '--unset', 'core.hooksPath');
  is(repo.protect('wire').code, 0);
  is(repo.git('config', 'core.hooksPath'), '.husky/_');
  const out = repo.protect('uninstall', '--yes');
  is(out.code, 0, out.out);
  is(repo.tryGit('config', 'core.hooksPath').code, 1);
  is(repo.has('.husky/_'), false);
  // A repository of its own below it is none of its business.
  const inner = new Repo(join(home, 'code/app'), { HOME: home });
  mkdirSync(inner.dir, { recursive: true });
  inner.git('init', '-q', '-b', 'main');
  is(new Repo(inner.dir, repo.env).protect('wire').code, 0);
  is(inner.git('config', 'core.hooksPath'), '.husky/_');
  is(repo.tryGit('config', 'core.hooksPath').code, 1);
});

test('an ordinary repository: what exists and matters is suggested, nothing is staged or committed', () => {
  const repo = fresh({
    'package.json': '{\n  "name": "x",\n  "scripts": { "build": "true" }\n}\n',
    'package-lock.json': '{}',
    'drizzle/schema.ts': 's',
    'drizzle/0001.sql': 's',
    '.github/workflows/ci.yml': 'x',
    Dockerfile: 'FROM x',
  });
  const before = repo.head();
  const done = repo.protect('init');
  is(done.code, 0, done.out);
  const policy = repo.read('.protectionrc');
  match(policy, /project: "[0-9a-f]{32}"/);
  match(policy, 'anna: { keys: ["ssh-ed25519 ');
  match(policy, '"/drizzle/schema.ts"');
  match(policy, '["/drizzle/", "!/drizzle/schema.ts"]');
  match(policy, '"/Dockerfile"');
  match(policy, '"/.github/workflows/"');
  match(policy, '"/.husky/"');
  match(policy, 'build: { command: npm run build');
  not.match(policy, 'package-lock');
  match(repo.read('.github/workflows/protect.yml'), /name: protect \$\{\{ github\.base_ref \|\| 'main' \}\}/);
  match(repo.read('.github/workflows/protect-commands.yml'), '- run: npm ci\n      - run: npx --no git-protect ci');
  match(repo.read('package.json'), "import('git-protect/wire')");
  is(repo.head(), before);
  is(repo.git('diff', '--cached', '--name-only'), '');
  is(repo.git('config', 'core.hooksPath'), '.husky/_');
  is(repo.protect('policy', 'check').code, 0);
});

test('commits as they are written here go on passing; where they have no form it is told for now', () => {
  const repo = fresh();
  for (let n = 0; n < 30; n++) repo.commit(`[SHOP-${n}] ✨ Feature: number ${n}`);
  is(repo.protect('init').code, 0);
  const policy = repo.read('.protectionrc');
  match(policy, 'style, revert, Feature, CRITICAL]');
  match(policy, 'emoji: allow');
  match(policy, String.raw`prefix: '\[[A-Z][A-Z0-9]+-\d+\]'`);
  const checked = repo.protect('policy', 'check');
  is(checked.code, 0, policy);
  not.match(policy, 'severity: warning');
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', '[SHOP-99] 🐛 Feature: the policy').code, 0);
  const free = fresh();
  for (let n = 0; n < 12; n++) free.commit(`Did something, number ${n}`);
  const done = free.protect('init');
  match(done.out, "13 of the last 13 commits have another form than 'type: subject'");
  match(free.read('.protectionrc'), 'commit-message: { severity: warning }');
  free.git('add', '-A');
  is(free.tryGit('commit', '-m', 'Protect this').code, 0);
});

test('what moves money, lets people in or keeps them safe is named; one change is refused by one rule', () => {
  const repo = fresh({
    'server/routers/stripeWebhook.ts': 's',
    'server/payments/refund.ts': 's',
    'server/payments/refund.test.ts': 's',
    'server/payments/package-lock.json': '{}',
    'server/routers/chatWebhook.ts': 's',
    'server/guardrails.ts': 's',
    'web/components/billing-banner.tsx': 's',
    'docker/development/compose.yml': 's',
    'src/auth/session.ts': 's',
    'src/authors.ts': 's',
    'docs/billing.md': 's',
    'docker-compose.prod.yml': 's',
    'docker-compose.test.yml': 's',
    'Dockerfile.dev': 's',
    'e2e/compose.yml': 's',
    'worker/wrangler.toml': 's',
    'deploy.sh': 's',
    'release-notes.md': 's',
    'nginx.conf': 's',
    'certs/own.p12': 'x',
  });
  const done = repo.protect('init');
  match(done.out, 'Git tracks certs/own.p12, which forbidden-files refuses once it is changed');
  const policy = repo.read('.protectionrc');
  for (const path of ['server/routers/stripeWebhook.ts', 'server/payments/', 'server/guardrails.ts', 'src/auth/'])
    match(policy, `"/${path}"`);
  for (const path of ['docker-compose.prod.yml', 'worker/wrangler.toml', 'deploy.sh', 'nginx.conf'])
    match(policy, `"/${path}"`);
  match(policy, '"!/server/payments/package-lock.json"]');
  match(policy, '["/server/routers/chatWebhook.ts"]\n    risk: critical\n    reason: webhooks\n');
  for (const path of [
    'refund.test.ts',
    'docker-compose.test',
    'Dockerfile.dev',
    'e2e/',
    'authors.ts',
    'billing.md',
    'release-notes.md',
  ])
    not.match(policy, path);
  is(repo.protect('policy', 'check').code, 0);
});

test('workflows that only lint and test are left out of the rule; what deploys, and what is new, is not', () => {
  const job = (more = '') => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${more}    steps: [{ run: make }]\n`;
  const repo = fresh({
    '.github/workflows/lint.yml': job(),
    '.github/workflows/test.yaml': job(),
    '.github/workflows/deploy.yml': job('    environment: production\n'),
    '.github/workflows/broken.yml': 'jobs: [',
    '.github/workflows/ours.yml': job().replace('make', 'npx git-protect ci'),
  });
  const done = repo.protect('init', '--ci', 'github');
  match(
    repo.read('.protectionrc'),
    '["/.github/workflows/", "!/.github/workflows/lint.yml", "!/.github/workflows/test.yaml"]',
  );
  match(
    done.out,
    'note: lint.yml, test.yaml: they use no secret, deploy nothing and may write nothing, so they change without approval',
  );
  is(repo.protect('policy', 'check').code, 0);
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'chore: protect').code, 0);
  repo.write('.github/workflows/lint.yml', job().replace('make', 'make lint')).git('add', '-A');
  is(repo.tryGit('commit', '-m', 'ci: lint').code, 0);
  repo.write('.github/workflows/lint.yml', job('    environment: production\n')).git('add', '-A');
  const refused = repo.tryGit('commit', '-m', 'ci: lint');
  is(refused.code, 1);
  match(refused.out, 'the workflow deploys to the environment production');
});

test('what changes all the time is left for a person to decide, behind a #; what is critical never is', () => {
  const deploys = 'on: push\njobs: { d: { runs-on: x, environment: production, steps: [] } }\n';
  const repo = fresh({
    'compose.yml': 'services: {}\n',
    Dockerfile: 'FROM scratch\n',
    'drizzle/schema.ts': 's',
    'src/payments/refund.ts': 's',
    '.github/workflows/deploy.yml': deploys,
    '.github/workflows/release.yml': deploys,
  });
  const stream = ['feature done\nreset refs/heads/main\nfrom refs/heads/main^0\n'];
  const changes: [number, string][] = [
    [20, 'compose.yml'],
    [10, 'src/payments/refund.ts'],
    [6, '.github/workflows/deploy.yml'],
    [4, '.github/workflows/release.yml'],
    [1, 'Dockerfile'],
    [58, 'src/a.ts'],
  ];
  const names = changes.flatMap(([times, name]) => Array.from({ length: times }, () => name));
  for (const [n, name] of names.entries())
    stream.push(
      `commit refs/heads/main\ncommitter A <a@example.com> ${1_700_000_000 + n} +0000\ndata 9\nfix: some\n`,
      `M 100644 inline ${name}\ndata <<END\n${name.endsWith('.yml') ? deploys : ''}# ${n}\nEND\n\n`,
    );
  run(repo.dir, 'git', ['fast-import', '--quiet', '--force'], { env: repo.env, input: `${stream.join('')}done\n` });
  repo.git('reset', '-q', '--hard');
  const done = repo.protect('init');
  is(done.code, 0, done.out);
  match(
    done.out,
    '/compose.yml changed in 21 of the last 100 commits, so no rule protects it yet; in .protectionrc take the # away from what should need an approval',
  );
  const policy = repo.read('.protectionrc');
  match(policy, 'paths: ["/.github/workflows/"]');
  match(policy, 'paths: ["/Dockerfile"]');
  match(policy, 'paths: ["/src/payments/"]');
  match(
    policy,
    '  # - { paths: ["/compose.yml"], risk: high, reason: how it is deployed } # in 21 of the last commits',
  );
  const land = () => {
    repo.git('add', '-A');
    is(repo.tryGit('commit', '-m', 'chore: protect this repository').code, 0);
  };
  land();
  const changed = () => repo.write('compose.yml', 'services: { a: {} }\n').git('add', 'compose.yml');
  changed();
  is(repo.tryGit('commit', '-m', 'fix: compose').code, 0, 'what was left out changes');
  repo.write('.protectionrc', policy.replaceAll('  # - {', '  - {')).git('add', '-A');
  is(repo.protect('policy', 'check').code, 0, 'without the #');
  repo.git('commit', '-q', '--no-verify', '-m', 'chore: protect what changes often too');
  repo.write('compose.yml', 'services: { b: {} }\n').git('add', 'compose.yml');
  refused(repo.tryGit('commit', '-m', 'fix: compose'), 'compose.yml');
});

test('a tracked .env of settings may change; a secret in it, and one that holds a secret, is refused', () => {
  const password = ['hunter', 'Zwei', '99'].join('');
  const repo = fresh({
    '.env': 'PORT=3000\nSECRET_KEY=changethis\nVITE_KEY=abc\nEMAIL_TOKEN=\n',
    'api/.env': `DB_PASSWORD=${password}\n`,
  });
  const done = repo.protect('init');
  match(
    done.out,
    'Git tracks .env, which holds settings and no secret, so the policy lets that change until a secret is in it',
  );
  match(done.out, 'Git tracks api/.env, which forbidden-files refuses once it is changed');
  match(repo.read('.protectionrc'), '  forbidden-files: { options: { settings: ["/.env"] } }');
  is(repo.protect('policy', 'check').code, 0);
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'chore: protect').code, 0);
  repo.write('.env', 'PORT=3001\nSECRET_KEY=changethis\n').git('add', '-A');
  is(repo.tryGit('commit', '-m', 'chore: port').code, 0);
  repo.write('.env', `PORT=3001\nSECRET_KEY=${password}\n`).git('add', '-A');
  const secret = repo.tryGit('commit', '-m', 'chore: key');
  is(secret.code, 1);
  match(secret.out, 'error[forbidden-files] .env: gives a value to SECRET_KEY');
  not.match(secret.out, password);
  repo.git('reset', '-q', '--hard');
  repo.write('api/.env', 'DB_PASSWORD=\n').git('add', '-A');
  const held = repo.tryGit('commit', '-m', 'chore: out');
  is(held.code, 1);
  match(held.out, 'if it holds no secret, list it in checks.forbidden-files.options.settings');
});

test('twice is once', () => {
  const repo = fresh({ 'package.json': '{"name":"x"}\n' });
  repo.protect('init');
  const before = snapshot(repo);
  const again = repo.protect('init');
  is(again.code, 0);
  match(again.out, 'everything is in place');
  equal(snapshot(repo), before);
});

test('--dry-run writes nothing', () => {
  const repo = fresh({ 'package.json': '{"name":"x"}\n' });
  const before = snapshot(repo);
  const done = repo.protect('init', '--dry-run');
  is(done.code, 0);
  match(done.out, 'write  .protectionrc');
  match(done.out, '+ version: 1\n');
  match(done.out, '- {"name":"x"}\n+ {');
  equal(snapshot(repo), before);
  is(repo.tryGit('config', 'core.hooksPath').code, 1);
});

test('without package.json, from a subfolder', () => {
  const repo = fresh();
  const done = repo.protectWith({ cwd: join(repo.dir, 'src') }, 'init');
  is(done.code, 0, done.out);
  match(done.out, 'npx git-protect wire');
  is(repo.has('.protectionrc'), true);
  is(repo.has('.husky/pre-commit'), true);
  is(repo.has('src/.protectionrc'), false);
});

test('with the package below the top, what it and uninstall print can be pasted there', () => {
  const repo = fresh({ 'front end/package.json': '{ "name": "f", "private": true }\n', 'schema.sql': '' });
  repo.write('front end/package-lock.json', '{}\n').write('.gitignore', 'node_modules\n');
  const cwd = join(repo.dir, 'front end');
  repo.remove('node_modules');
  installPackage(cwd);
  const done = repo.protectWith({ cwd }, 'init', '--ci', 'none');
  is(done.code, 0, done.out);
  const paste = /^ {2}(git add .*) && git commit/m.exec(done.out)![1]!;
  match(paste, '../.protectionrc package.json package-lock.json');
  is(run(cwd, 'sh', ['-c', paste]).code, 0);
  repo.git('commit', '-q', '-m', 'chore: protect');
  repo.write('schema.sql', 'x\n');
  const refused = run(cwd, 'git', ['commit', '-a', '-m', 'CRITICAL: x'], { env: repo.env });
  match(refused.out, 'help: git -C "$(git rev-parse --show-toplevel)" add schema.sql && npx git-protect approve');
  const atTop = repo.tryGit('commit', '-a', '-m', 'CRITICAL: x');
  match(atTop.out, "help: git add schema.sql && npx --prefix 'front end' git-protect approve");
  match(repo.protectWith({ cwd }, 'uninstall', '--dry-run').out, 'dry run');
  const out = repo.protectWith({ cwd: repo.dir }, 'uninstall');
  match(out.out, "npm uninstall --prefix 'front end' git-protect");
});

test('started at the top while the package lies below it', () => {
  const repo = fresh({ 'web/package.json': '{ "name": "w", "scripts": { "build": "true" } }\n' });
  repo.remove('node_modules').write('.gitignore', 'node_modules\n');
  const real = join(repo.dir, 'web/node_modules/git-protect');
  for (const name of ['package.json', 'hooks', 'templates', 'dist'])
    cpSync(join(projectRoot, name), join(real, name), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(repo.dir, 'web/node_modules/git-protect/node_modules'));
  const done = run(repo.dir, process.execPath, [join(real, 'dist/cli.js'), 'init', '--ci', 'none'], { env: repo.env });
  is(done.code, 0, done.out);
  match(repo.read('web/package.json'), 'git-protect/wire');
  match(repo.read('.protectionrc'), 'build: { command: npm --prefix web run build');
  is(repo.git('config', 'protect.folder'), 'web');
  match(done.out, 'protects /.husky/');
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'bad').code, 1);
});

test('without a key no file is protected, and it says so', () => {
  const repo = fresh({}, false);
  const done = repo.protect('init');
  is(done.code, 0);
  match(done.out, 'no SSH key was found');
  not.match(repo.read('.protectionrc'), 'files:');
  is(repo.protect('policy', 'check').code, 0);
});

test("Git's signing key comes first, --key and --owner before it", () => {
  const repo = fresh();
  const [signing, named] = [makeKey('signing'), makeKey('named')];
  repo.git('config', 'user.signingkey', `${signing.file}.pub`);
  repo.protect('init');
  match(repo.read('.protectionrc'), signing.line.split(' ')[1]!);
  repo.remove('.protectionrc');
  repo.protect('init', '--key', `${named.file}.pub`, '--owner', 'boss');
  match(repo.read('.protectionrc'), named.line.split(' ')[1]!);
  match(repo.read('.protectionrc'), 'boss: ');
});

test('husky files with content keep working, even behind exit and exec', () => {
  const repo = fresh({
    'package.json': '{"name":"x","scripts":{"prepare":"husky"}}\n',
    '.husky/pre-commit': '#!/bin/sh\ntouch theirs\nexit 0\n',
    '.husky/pre-push': 'cat > pushed\nexec true\n',
  });
  addRemote(repo);
  const done = repo.protect('init', '--ci', 'none');
  is(done.code, 0, done.out);
  const lines = repo.read('.husky/pre-commit').split('\n');
  is(lines[0], '#!/bin/sh');
  match(lines[1]!, '# git-protect');
  match(repo.read('package.json'), '"prepare":"husky && node -e');
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'bad words').code, 1);
  const committed = repo.tryGit('commit', '-m', 'chore: protect');
  is(committed.code, 0, committed.out);
  is(repo.has('theirs'), true);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  match(repo.read('pushed'), 'refs/heads/main', 'their pre-push still gets its standard input');
});

test('the prepare script wires a clone, and fails nothing where the package is absent', () => {
  const repo = fresh({ 'package.json': '{"name":"x"}\n' });
  repo.protect('init', '--ci', 'none');
  repo.git('add', '-A');
  repo.git('commit', '-qm', 'chore: protect');
  const dir = folder('clone');
  run(dir, 'git', ['clone', '-q', repo.dir, '.']);
  const clone = new Repo(dir, repo.env);
  const prepare = JSON.parse(clone.read('package.json')).scripts.prepare as string;
  const absent = run(dir, 'sh', ['-c', prepare]);
  is(absent.code, 0, absent.out);
  installPackage(dir);
  const wired = run(dir, 'sh', ['-c', prepare], { env: repo.env });
  is(wired.code, 0, wired.out);
  is(wired.out, '');
  is(clone.tryGit('commit', '--allow-empty', '-m', 'bad').code, 1);
});

test('a repository with history and merges: the three lines, and all holds', () => {
  const repo = fresh({ 'package.json': '{"name":"x"}\n', 'drizzle/schema.ts': 's\n' });
  for (let i = 0; i < 20; i++) repo.commit(`messy ${i}`, { [`src/${i}.ts`]: `${i}\n` });
  repo.git('switch', '-qc', 'side');
  repo.commit('messy side', { 'src/side.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('messy main', { 'src/m.ts': '1\n' });
  repo.git('merge', '-q', '--no-edit', 'side');
  addRemote(repo);
  is(repo.protect('init', '--ci', 'github').code, 0);
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'chore: protect').code, 0);
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
  repo.write('drizzle/schema.ts', 't\n');
  is(repo.tryGit('commit', '-am', 'CRITICAL: x').code, 1);
  is(repo.protect('ci').code, 0);
});

test('wrong flags and places', () => {
  const repo = fresh();
  is(repo.protect('init', '--ci', 'jenkins').code, 2);
  is(repo.protect('init', '--owner', 'no spaces please').code, 2);
  const outside = new Repo(folder()).protect('init');
  is(outside.code, 2);
  match(outside.out, 'this is not a Git repository');
  is(repo.protect('inti').code, 2);
  match(repo.protect('inti').out, "did you mean 'init'?");
});

function snapshot(repo: Repo): Record<string, string> {
  const files = repo.git('ls-files', '-co', '--exclude-standard').split('\n');
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(repo.dir, file), 'latin1')]));
}

test('what init says to add can be pasted where it was said, below the top too', () => {
  const repo = newRepo({ install: false });
  repo.commit('start', { 'web app/package.json': '{ "name": "w" }\n', 'web app/.husky/pre-commit': 'true\n' });
  const cwd = join(repo.dir, 'web app');
  installPackage(cwd);
  repo.git('config', 'core.hooksPath', 'web app/.husky/_');
  const done = repo.protectWith({ cwd }, 'init', '--ci', 'none');
  is(done.code, 0, done.out);
  const [command] = /git add .*(?= && git commit)/.exec(done.stdout)!;
  const added = run(cwd, 'sh', ['-c', command]);
  is(added.code, 0, `${command}\n${added.out}`);
  is(repo.git('status', '--porcelain').replace(/^[AM] .*\n?/gm, ''), '');
});
