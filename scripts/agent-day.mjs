// Twelve ways in which an agent tries to land an edit that nobody approved: in a clone with strict mode, against a server with the
// hook. Each is refused where the docs say it is.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { env, quietly, repo, root, step } from './stage.mjs';

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** Serves the throwaway folder, so that the server knows nothing of the pusher's environment. */
async function serve() {
  const port = await freePort();
  const url = `git://127.0.0.1:${port}/origin.git`;
  const daemon = join(quietly('git', ['--exec-path']).trim(), 'git-daemon');
  const flags = ['--reuseaddr', '--export-all', '--enable=receive-pack', '--listen=127.0.0.1', `--base-path=${root}`];
  const child = spawn(daemon, [...flags, `--port=${port}`, root], { env, stdio: 'ignore' });
  process.once('exit', () => child.kill());
  for (let look = 0; spawnSync('git', ['ls-remote', url], { env }).status !== 0; look++) {
    if (look > 100) throw new Error('git daemon did not start');
    await new Promise((done) => setTimeout(done, 50));
  }
  return { url, stop: () => child.kill() };
}

const edit = 'echo "export const backdoor = [];" >> drizzle/schema.ts';
const push = 'git -c core.hooksPath=/dev/null push --quiet origin';
const strict = 'protect: refused (strict mode';
const server = 'remote: protect: refused (pre-receive';

/** The name of the way, what is typed, and who refuses it. */
const ways = [
  ['the flag', `${edit} && git commit --quiet --no-verify -am "CRITICAL: x"`, strict],
  ['a setting', `${edit} && git -c core.hooksPath=/dev/null commit --quiet -am "CRITICAL: x" && ${push} main`, server],
  ['the environment', `${edit} && HUSKY=0 git commit --quiet -nam "CRITICAL: x"`, strict],
  ['an alias', `${edit} && git -c alias.ci="commit -n" ci --quiet -am "CRITICAL: x"`, strict],
  [
    'the hook files',
    `${edit} && rm -r .husky/_ && git commit --quiet -nam "CRITICAL: x" && ${push} main`,
    server,
    'npx git-protect wire',
  ],
  [
    'the ref itself',
    `${edit} && git update-ref refs/heads/main $(git commit-tree -p HEAD -m "CRITICAL: x" $(git add -A && git write-tree))`,
    strict,
  ],
  ['a rename', 'git mv drizzle/schema.ts drizzle/tables.ts && git commit --quiet -nm "refactor: names"', strict],
  [
    'a merge that holds more than its sides',
    `git branch --quiet -f side HEAD~1 && git merge --quiet --no-commit --no-ff -s ours side; ${edit} && git add -A && git commit --quiet -nm "Merge branch 'side'"`,
    strict,
  ],
  [
    'a lax policy of its own',
    `git switch --quiet -c lax && sed -i "/drizzle/d" .protectionrc && git commit --quiet -nam "chore: policy" && ${push} lax:main`,
    server,
  ],
  [
    'an approval that was used',
    `git checkout --quiet HEAD~2 -- drizzle/schema.ts .protect && git commit --quiet -nm "CRITICAL: refunds"`,
    strict,
  ],
  [
    'a push past the hooks',
    `${edit} && git switch --quiet -c direct && git commit --quiet -nam "CRITICAL: x" && ${push} direct:main`,
    server,
  ],
  [
    'a clone without hooks',
    `git clone --quiet $(git remote get-url origin) ../bare-clone && cd ../bare-clone && ${edit} && git commit --quiet -am "CRITICAL: x" && git push --quiet origin main`,
    server,
  ],
];

/** Plays them, each from where the remote is. */
export async function agentDay() {
  console.log(
    'An agent wants its edit on main. The clone is in strict mode, and the server judges what it receives.\n',
  );
  const { url, stop } = await serve();
  const project = /^project: "?(\w+)/m.exec(quietly('git', ['show', 'HEAD:.protectionrc']))[1];
  step('The server gets its hook …', `npx git-protect init --server ../origin.git --project ${project}`, {
    code: 0,
    says: 'every push is judged',
  });
  step('… and the clone strict mode.', `git remote set-url origin ${url} && npx git-protect init --strict --yes`, {
    code: 0,
    says: 'the hooks are wired',
    shown: 'npx git-protect init --strict --yes',
  });
  const before = quietly('git', ['rev-parse', 'origin/main']);
  for (const [name, line, refusedBy, mend] of ways) {
    step(`By ${name}.`, line, { code: [1, 128], says: refusedBy, brief: refusedBy });
    if (mend) quietly('sh', ['-c', mend]);
    quietly('sh', [
      '-c',
      'git merge --abort 2>/dev/null; git reset --quiet --hard && git switch --quiet main && git -c core.hooksPath=/dev/null reset --quiet --hard origin/main',
    ]);
    if (quietly('git', ['ls-remote', 'origin', 'refs/heads/main']).slice(0, 40) !== before.trim())
      throw new Error(`main moved by ${name}`);
  }
  stop();
  step('What the server took down of it all stays.', 'npx git-protect uninstall --server ../origin.git', {
    code: 0,
    says: 'the record of what was received',
  });
  quietly('git', ['remote', 'set-url', 'origin', join(root, 'origin.git')]);
  quietly('rm', ['-rf', join(repo, '../bare-clone')]);
}
