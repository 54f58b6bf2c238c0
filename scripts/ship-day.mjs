// A service that is really deployed: it goes live under watch, a bad commit is seen and taken back, a deploy is killed and
// resumed, a freeze stops the next one, and the page on what happened is begun.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { env, home, quietly, repo, step, write } from './stage.mjs';

const service = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { open } from './src/shop.js';
const commit = readFileSync('.running', 'utf8').trim();
let asked = 0;
createServer((_, reply) => {
  if (!open && ++asked > 3) return reply.writeHead(500).end();
  reply.end(JSON.stringify({ status: 'ok', commit }));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;
const start = (port) => `[ -f .pid ] && kill "$(cat .pid)" 2>/dev/null; sleep 0.3
PORT=${port} nohup node server.mjs >/dev/null 2>&1 & echo $! > .pid
`;

const policy = (port) => `  shop:
    run: ./deploy.sh
    undo: ./undo.sh
    undoCheck: test -x undo.sh
    rollback: { tag: "shop-{commit}" }
    live: { url: "http://127.0.0.1:${port}/health", expect: { "$.status": ok }, commit: "$.commit", ready: { tries: 5, delay: 1s, wait: 1s, good: 1 } }
    watch: { for: 4s, every: 1s, grace: 1s, minimum: 3 }
`;

/** Plays it in the shop. */
export async function shipDay() {
  console.log('The shop itself is deployed: by a script of the team, with a way back, under watch.\n');
  const port = await freePort();
  // Before the folder goes, which says which process it is.
  process.prependListener('exit', stopService);
  prepare(port);
  step(
    'How it is shipped and taken back is policy.',
    'git add -A && npx git-protect approve --staged --reason "how we deploy" --yes >/dev/null && git commit --quiet -m "chore: how the shop is deployed" && git push --quiet origin main',
    { code: 0 },
  );
  step('The first deploy goes live under watch.', 'npx git-protect deploy shop 2>&1 | tail -9', {
    code: 0,
    says: ['sample 5 of 5', 'protect: shop runs'],
  });
  publish('feat: a sale', 'export const open = false;\n');
  step('A bad commit is seen within seconds, and taken back.', 'npx git-protect deploy shop', {
    code: 4,
    says: ['was taken back', 'again, verified'],
    brief: 'was taken back',
  });
  publish('fix: the sale', 'export const open = true; // for the sale\n');
  await killed();
  step('A deploy was killed with -9. Nothing begins on top of it …', 'npx git-protect deploy shop 2>&1 | tail -3', {
    code: 0,
    says: ['was cut off', 'npx git-protect deploy resume shop'],
  });
  step(
    '… until somebody has said what stands: it runs, is watched, and is written down.',
    'npx git-protect deploy resume shop',
    {
      code: 0,
      says: ['it stopped after', 'protect: shop runs'],
    },
  );
  step(
    'Something is wrong all the same. Deploys are frozen, and the page on it is begun.',
    'npx git-protect incident "orders are charged twice"',
    {
      code: 0,
      says: ['docs/incidents/', '.freeze'],
    },
  );
  quietly('git', ['commit', '--quiet', '-m', 'docs: incident']);
  quietly('git', ['push', '--quiet', 'origin', 'main']);
  step('The next deploy is stopped.', 'npx git-protect deploy shop', {
    code: 1,
    says: 'orders are charged twice',
    brief: 'error[deploy-window]',
  });
  step('The way back is not.', 'npx git-protect deploy rollback shop', { code: 0, says: 'protect: shop runs' });
}

function prepare(port) {
  const file = join(repo, '.protectionrc');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^checks: /m, `${policy(port)}checks: `));
  write('server.mjs', service);
  write('src/shop.js', 'export const open = true;\n');
  write('deploy.sh', `#!/bin/sh\necho "$PROTECT_COMMIT" > .running\n${start(port)}`);
  write(
    'undo.sh',
    `#!/bin/sh\ngit show "$PROTECT_PREVIOUS:src/shop.js" > src/shop.js\necho "$PROTECT_PREVIOUS" > .running\n${start(port)}sleep 1; git checkout --quiet src/shop.js\n`,
  );
  for (const name of ['deploy.sh', 'undo.sh']) chmodSync(join(repo, name), 0o755);
  writeFileSync(join(repo, '.gitignore'), `${readFileSync(join(repo, '.gitignore'), 'utf8')}.pid\n.running\n`);
}

function publish(message, code) {
  write('src/shop.js', code);
  quietly('git', ['commit', '--quiet', '-am', message]);
  quietly('git', ['push', '--quiet', 'origin', 'main']);
}

/** Deploys, and kills it once it is up. */
async function killed() {
  const journals = join(home, '.local/state/git-protect');
  const ended = spawn('npx', ['git-protect', 'deploy', 'shop'], { cwd: repo, env, stdio: 'ignore', detached: true });
  for (let n = 0; n < 600 && !isReady(journals); n++) await sleep(50);
  const done = new Promise((end) => ended.once('close', end));
  process.kill(-ended.pid, 'SIGKILL');
  await done;
}

/** Does the newest journal say that it is up, and no more? */
function isReady(folder) {
  if (!existsSync(folder)) return false;
  const files = readdirSync(folder, { recursive: true }).map(String);
  const newest = files
    .filter((name) => /-shop-[0-9a-f]{12}(-\d+)?\.jsonl$/.test(name))
    .sort()
    .at(-1);
  const text = newest === undefined ? '' : readFileSync(join(folder, newest), 'utf8');
  return text.includes('"step":"ready"') && !text.includes('"step":"ended"');
}

function stopService() {
  const file = join(repo, '.pid');
  if (!existsSync(file)) return;
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
