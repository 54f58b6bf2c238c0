import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { deployable } from './support/deploys.ts';
import { npm } from './support/npm.ts';
import { suite } from './support/suite.ts';
import { environment, folder, run } from './support/world.ts';

const test = suite('deploy: pm2');

const tools = folder('tools');
const installed = npm(tools, 'install', '--ignore-scripts', 'pm2@7.0.4');
if (installed.code !== 0) throw new Error(`pm2 could not be installed:\n${installed.out}`);
const bin = join(tools, 'node_modules/.bin');
const env = { PM2_HOME: folder('pm2'), PATH: `${bin}:${environment().PATH}`, SHOP_TOKEN: ['never', 'told'].join('-') };
test.after(() => void run(tools, join(bin, 'pm2'), ['kill'], { env }));

test('a crash loop under pm2 is seen by its restarts, and taken back; status tells the process and none of its environment', async () => {
  const { repo, change, runs } = await deployable({ way: 'undo: ./undo.sh\n    process: { pm2: shop }' });
  Object.assign(repo.env, env);
  repo.write('stop.sh', '#!/bin/sh\npm2 delete shop >/dev/null 2>&1\ntrue\n', 0o755);
  repo.write('start.sh', '#!/bin/sh\npm2 start server.mjs --name shop >/dev/null\n', 0o755);
  const first = change('good');
  const done = repo.protectApart({}, 'deploy');
  is(done.code, 0, done.out);
  change('loops');
  const taken = repo.protectApart({}, 'deploy');
  is(taken.code, 4, taken.out);
  match(
    taken.out,
    /the process was restarted \d+ times while it was watched|samples in a row were bad|samples were bad/,
  );
  is(await runs(), first);
  const status = repo.protectApart({}, 'deploy', 'status');
  is(status.code, 0, status.out);
  match(status.out, /process {2}online, for .*, \d+ restarts, .*MB, .* % CPU/);
  is(status.out.includes('never-told'), false);
});
