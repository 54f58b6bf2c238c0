// Plays the main job on real Git: packs the package, installs it in a throwaway repository with a bare remote, and goes
// through a day with it. Ends with exit code 1 as soon as one step does otherwise than it should.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentDay } from './agent-day.mjs';
import { backupDay } from './backup-day.mjs';
import { databaseDay } from './database-day.mjs';
import { deployDay } from './deploy-day.mjs';
import { shipDay } from './ship-day.mjs';
import { home, origin, quietly, repo, root, step, steps, write } from './stage.mjs';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const folder of [home, join(home, '.ssh'), repo]) mkdirSync(folder);
quietly('git', ['config', '--global', 'user.name', 'Anna']);
quietly('git', ['config', '--global', 'user.email', 'anna@example.com']);
quietly('git', ['config', '--global', 'init.defaultBranch', 'main']);
quietly('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'anna@laptop', '-f', join(home, '.ssh/id_ed25519')]);

console.log('A shop with history, a remote, and a file that takes payments.\n');
quietly('git', ['init', '--quiet', '--bare', origin]);
quietly('git', ['init', '--quiet']);
quietly('git', ['remote', 'add', 'origin', origin]);
write(
  'package.json',
  '{\n  "name": "shop",\n  "version": "1.0.0",\n  "type": "module",\n  "scripts": { "build": "node --check src/shop.js" }\n}\n',
);
write('.gitignore', 'node_modules\n');
write('src/shop.js', 'export const open = true;\n');
write('drizzle/schema.ts', 'export const orders = [];\n');
quietly('git', ['add', '-A']);
quietly('git', ['commit', '--quiet', '-m', 'start']);
quietly('git', ['push', '--quiet', '--set-upstream', 'origin', 'main']);

console.log('Packing and installing git-protect …\n');
// Packages come from where this machine gets its packages; everything after runs in an environment made from nothing.
const npm = { ...process.env, NODE_ENV: 'development' };
execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: project, stdio: 'inherit' });
execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], {
  cwd: project,
  env: npm,
  stdio: 'ignore',
});
const tarball = join(
  root,
  `git-protect-${JSON.parse(execFileSync(process.execPath, ['-p', 'JSON.stringify(require("./package.json").version)'], { cwd: project }))}.tgz`,
);
execFileSync('npm', ['install', '--save-dev', '--silent', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
  cwd: repo,
  env: npm,
  stdio: ['ignore', 'ignore', 'inherit'],
});

step('Set it up.', 'npx git-protect init --ci none', { code: 0, says: 'wired' });
step('A commit whose message says nothing is refused.', 'git add -A && git commit -m "stuff"', {
  code: 1,
  says: 'starts with no type',
});
step('The first commit brings the policy.', 'git commit --quiet -m "chore: protect this repository"', { code: 0 });
step('The push runs the build.', 'git push --quiet origin main', { code: 0, says: 'build: npm run build' });
appendFileSync(join(repo, 'drizzle/schema.ts'), 'export const refunds = [];\n');
step('An edit to a protected file is refused.', 'git commit -am "CRITICAL: refunds"', {
  code: 1,
  says: 'drizzle/schema.ts: changed without approval',
});
step('Whoever made it asks an owner …', 'git add -A && npx git-protect request --staged -o ../refunds.request', {
  code: 0,
  says: '1 file to approve',
});
const signed = step(
  '… who reads it and signs.',
  'npx git-protect approve ../refunds.request --reason "refunds, as planned" --yes',
  { code: 0, says: '+export const refunds' },
);
const token = /pt1_[\w-]+/.exec(signed)?.[0] ?? '';
step('The approval goes with the change.', `npx git-protect approval add ${token}`, {
  code: 0,
  says: 'wrote and staged',
  shown: 'npx git-protect approval add pt1_…',
});
step('A critical file wants its own kind of message.', 'git commit -m "feat: refunds"', {
  code: 1,
  says: "starts with 'CRITICAL: '",
});
step('Now it is accepted.', 'git commit --quiet -m "CRITICAL: refunds" && git push --quiet origin main', { code: 0 });
step(
  'A force push to main is refused.',
  'git commit --quiet --amend -m "CRITICAL: rewritten" && git push --force origin main',
  { code: 1, says: 'cannot be force-pushed' },
);
step('So is deleting it.', 'git reset --quiet --hard origin/main && git push origin :main', {
  code: 1,
  says: 'cannot be deleted',
});
write('src/shop.js', 'export const open = ;\n');
step('A build that breaks is refused.', 'git commit --quiet -am "feat: open" && git push origin main', {
  code: 1,
  says: 'error[build]',
});
write('src/shop.js', 'export const open = false;\n');
step(
  'Mended, it passes, here and over the range as CI sees it.',
  'git commit --quiet -am "fix: open" && git push --quiet origin main && npx git-protect ci --base HEAD~2',
  { code: 0, says: 'protect: passed (ci' },
);
appendFileSync(join(repo, 'drizzle/schema.ts'), 'export const backdoor = [];\n');
step(
  'What --no-verify lets through, CI catches.',
  'git commit --quiet --no-verify -am "innocent" && npx git-protect ci',
  { code: 1, says: 'drizzle/schema.ts: changed without approval' },
);
step(
  'The approved change turns out wrong and is reverted in a hurry …',
  'git reset --quiet --hard origin/main && git revert --no-edit HEAD~2 && git push origin main',
  { code: 1, says: 'changed without approval' },
);
step(
  '… which its owner approves in one command.',
  'npx git-protect approve --range origin/main..HEAD --reason "refunds broke the checkout" --yes && git commit --quiet -m "chore: approve the revert" && git push --quiet origin main',
  { code: 0 },
);
await agentDay();
await backupDay(npm);
step(
  'Somebody switches the hooks off. doctor sees it and mends it.',
  'git config core.hooksPath /dev/null && npx git-protect doctor --fix',
  {
    code: 0,
    says: 'fixed[hooks-path]',
  },
);
step('And if you do not want it: everything is as it was before.', 'npx git-protect uninstall && git status --short', {
  code: 0,
  says: 'git-protect is out of this clone',
});
await deployDay();
await shipDay();
await databaseDay(project);
console.log(`All ${steps} steps went as they should.`);
