// A deploy day, with a staging server that really answers: refused for six reasons at once, mended one by one, passed
// and tagged.
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { quietly, repo, root, step, write } from './stage.mjs';

/** What the server says that it runs. */
const running = join(root, 'staging-commit');
const server = `
  import { readFileSync } from 'node:fs';
  import { createServer } from 'node:http';
  const answer = (_, response) => response.end(JSON.stringify({ status: 'ok', commit: readFileSync(process.argv[1], 'utf8') }));
  createServer(answer).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

/** Starts the staging server; it ends with the demo. */
async function startStaging() {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', server, running], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => child.kill());
  child.unref();
  const port = await new Promise((done) => child.stdout.once('data', (data) => done(String(data).trim())));
  child.stdout.unref?.();
  return `http://127.0.0.1:${port}/health`;
}

/** The day of the freeze is the day of the demo, in the zone of the window. */
const today = new Date().toISOString().slice(0, 10);

const checklist = (url) => `
settings:
  - { file: render.yaml, at: "$.services[0].rootDir", equals: backend, reason: the build breaks elsewhere }
deploy:
  production:
    freezes: [{ from: ${today}, to: ${today}, reason: year end }]
    commands: { test: node --check src/shop.js }
    environment: { file: .env.production, required: [DATABASE_URL, STRIPE_SECRET_KEY] }
    health: [{ name: staging, url: "${url}", expect: { "$.status": ok }, commit: "$.commit", tries: 2, delay: 1s }]
    backups: { folder: .backups, maxAge: 24h }
    rollback: { document: docs/rollback.md, tag: "v{date}-{time}" }
checks: { not-root: { severity: off } } # this may run in a container
`;

const predeploy = 'npx git-protect predeploy production';

export async function deployDay() {
  console.log('A deploy day. The checklist of the team goes into the policy, which its owner approves.\n');
  const url = await startStaging();
  const deployToStaging = () => writeFileSync(running, quietly('git', ['rev-parse', 'HEAD']).trim());
  deployToStaging();
  quietly('git', ['checkout', '--quiet', '.']);
  quietly('npx', ['git-protect', 'wire']);
  appendFileSync(join(repo, '.protectionrc'), checklist(url));
  write('render.yaml', 'services:\n  - name: api\n    rootDir: backend\n');
  write('docs/rollback.md', 'Deploy the last tag: git checkout v… && ./deploy.sh\n');
  write('.gitignore', 'node_modules\n.env.production\n.backups\n.copies\nuploads\n');
  step(
    'What the checklist asks for is data.',
    'git add -A && npx git-protect approve --staged --reason "our deploy checklist" --yes && git commit --quiet -m "chore: the deploy checklist" && git push --quiet origin main',
    { code: 0, says: 'freezes' },
  );
  write('render.yaml', 'services:\n  - name: api\n    rootDir: server\n');
  step(
    'Somebody in a hurry changes what must not change, past every hook.',
    'git commit --quiet --no-verify -am "fix: root" && git push --quiet --no-verify',
    { code: 0 },
  );
  write('.env.production', 'DATABASE_URL=postgres://db.internal/shop\n');
  chmodSync(join(repo, '.env.production'), 0o600);
  mkdirSync(join(repo, '.backups'));
  write('notes.txt', 'call the bank\n');
  step('May it go to production? Six times no, all at once, and no test has run for it.', predeploy, {
    code: 1,
    says: ['clean-tree', 'pinned-settings', 'environment', 'health', 'fresh-backup', 'deploy-window'].map(
      (id) => `error[${id}]`,
    ),
  });
  step('What is not committed goes away.', `rm notes.txt && ${predeploy} --only clean-tree`, {
    code: 3,
    says: '✓ clean-tree',
  });
  step(
    'The setting is put back.',
    `git revert --no-edit HEAD >/dev/null && git push --quiet && ${predeploy} --only pinned-settings`,
    {
      code: 3,
      says: '✓ pinned-settings',
    },
  );
  step(
    'The missing variable is set.',
    `echo "STRIPE_SECRET_KEY=$(openssl rand -hex 16 2>/dev/null || date +%N)" >> .env.production && ${predeploy} --only environment`,
    { code: 3, says: '✓ environment', shown: `… >> .env.production && ${predeploy} --only environment` },
  );
  deployToStaging();
  step('The commit is deployed to staging.', `${predeploy} --only health`, { code: 3, says: '✓ health' });
  writeFileSync(join(repo, '.backups/shop.sql.gz'), gzipSync('-- a dump\nSELECT 1;\n'));
  step('A backup is made.', `${predeploy} --only fresh-backup`, { code: 3, says: '✓ fresh-backup' });
  step('The freeze is left, and nothing else.', predeploy, { code: 1, says: 'year end' });
  const signed = step(
    'Its owner waives it, for this commit and four hours.',
    'npx git-protect approve --deploy production --waive deploy-window --reason "the fix cannot wait" --yes',
    { code: 0, says: 'may be deployed to production' },
  );
  const token = /pt1_[\w-]+/.exec(signed)?.[0] ?? '';
  step('Now it passes, and the commit is marked to come back to.', `${predeploy} --waiver ${token} --tag --push`, {
    code: 0,
    says: ['waived by', 'protect: passed (pre-deploy', 'tagged'],
    shown: `${predeploy} --waiver pt1_… --tag --push`,
  });
}
