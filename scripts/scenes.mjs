// What the pictures show, played in throwaway repositories in which nothing differs from run to run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..');
const policy = `version: 1
project: "0123456789abcdef0123456789abcdef"
owners:
  anna: { keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAwsggR0qnHcTEWxDOgo1ggG/f4EzoC0e6fkqCwIcYKx anna@laptop"] }
files:
  - { paths: [server/pay.ts], risk: critical, reason: Payments }
migrations:
  - { folder: db/migrations }
`;

/** A commit that three checks refuse. */
export function refusal() {
  return inRepository((repo) => {
    repo.write('.protectionrc', policy);
    repo.write('server/pay.ts', 'export const fee = 1;\n');
    repo.write('server/mail.ts', 'export const from = "shop@example.com";\n');
    repo.run('git add -A && git commit --quiet -m "chore: protect this repository"');
    repo.run('node node_modules/git-protect/dist/cli.js wire');
    repo.write('server/pay.ts', 'export const fee = 2;\n');
    // Put together here, so that nobody's search for secrets finds one in this file.
    repo.write('server/mail.ts', `const key = "${['sk', 'live', '51Hb8Kq2eZvKYlo2C7pRt9sXw'].join('_')}";\n`);
    repo.write('db/migrations/0007_orders.sql', 'DROP TABLE orders;\n');
    return repo.shown('git add -A && git commit -m "feat: higher fee"', 1);
  });
}

/** A throwaway repository, in an environment that is the same everywhere. */
function inRepository(play) {
  const root = mkdtempSync(join(tmpdir(), 'protect-picture-'));
  const [home, dir] = ['home', 'shop'].map((name) => join(root, name));
  const day = '2026-11-02T09:00:00Z';
  const person = (role) => ({
    [`GIT_${role}_NAME`]: 'Anna',
    [`GIT_${role}_EMAIL`]: 'anna@example.com',
    [`GIT_${role}_DATE`]: day,
  });
  const env = {
    ...{ PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, HOME: home, LANG: 'C.UTF-8', TZ: 'UTC' },
    ...{ GIT_CONFIG_NOSYSTEM: '1', FORCE_COLOR: '1', ...person('AUTHOR'), ...person('COMMITTER') },
  };
  const run = (line, code = 0) => {
    const done = spawnSync('sh', ['-c', `(${line}) 2>&1`], { cwd: dir, env, encoding: 'utf8' });
    if (done.status !== code) throw new Error(`${line}: exit code ${done.status}, expected ${code}\n${done.stdout}`);
    return done.stdout;
  };
  const write = (path, content) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  const shown = (line, code) => `\x1b[2m$\x1b[22m ${line}\n${run(line, code)}`;
  try {
    for (const folder of [home, dir, join(dir, 'node_modules')]) mkdirSync(folder);
    symlinkSync(project, join(dir, 'node_modules/git-protect'));
    run('git init --quiet --initial-branch main');
    write('.gitignore', 'node_modules\n');
    return play({ run, write, shown });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
