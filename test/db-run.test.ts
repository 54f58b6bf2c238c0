import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { needing, suite } from './support/suite.ts';
import { distFolder, environment, guardedRepo, type Repo, testsFolder } from './support/world.ts';

hooksStay();
const test = suite('db-run');

const policy = `databases:
  production: { url: DATABASE_URL, reader: READER_URL, tables: [{ table: audit, rule: append }] }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", env: { DIRECT_URL: TEST_DATABASE_URL }, reseed: { from: production } }
`;

let servers: Promise<{ production: Cluster; test: Cluster }> | undefined;
function both() {
  servers ??= (async () => {
    const [production, other] = [await Cluster.create(), await Cluster.create()];
    await production.shop('shop');
    await other.sql('postgres', "create role tester login password 'tester secret' createdb");
    await other.sql('postgres', 'create database shop_test owner tester');
    return { production, test: other };
  })();
  return servers;
}

async function env(): Promise<NodeJS.ProcessEnv> {
  const { production, test: other } = await both();
  return {
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
  };
}

const repo: Repo = guardedRepo({ more: policy }).repo;
const script = (name: string, code: string) => repo.write(`.git/${name}.mjs`, code);
const node = (name: string) => [process.execPath, `.git/${name}.mjs`];

async function protect(more: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), ...args], {
    cwd: repo.dir,
    env: environment({ ...(await env()), ...more }),
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  not.match(out, /(?:tester|shop_\w+|root)(?: |%20)secret/);
  return { code, out };
}

const commits = () => repo.tryGit('commit', '--allow-empty', '-m', 'feat: by an agent');

needing(test, missing, 'nothing changed: the gate is open, and the command saw the test database alone', async () => {
  const { production } = await both();
  is((await protect({}, 'db', 'reseed')).code, 0);
  script(
    'look',
    `import { readFileSync, writeFileSync } from 'node:fs'; writeFileSync('.git/seen', readFileSync('/proc/self/environ'));`,
  );
  const more = {
    COPIED: production.url('shop', 'shop_app'),
    JUST_PASSWORD: 'x shop_reader secret x',
    PLACE: `127.0.0.1:${production.port}`,
    PGHOST: 'elsewhere',
    MYSQL_PWD: 'pw',
    KEPT: 'kept',
  };
  const done = await protect(more, 'db', 'run', '--', ...node('look'));
  is(done.code, 0, done.out);
  match(done.out, /taken out of its environment: COPIED, JUST_PASSWORD, MYSQL_PWD, PGHOST, PLACE, READER_URL/);
  match(done.out, /nothing changed in production/);
  const seen = Object.fromEntries(
    repo
      .read('.git/seen')
      .split('\0')
      .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  );
  const url = (await env())['TEST_DATABASE_URL'];
  equal([seen['DATABASE_URL'], seen['DIRECT_URL'], seen['TEST_DATABASE_URL'], seen['KEPT']], [url, url, url, 'kept']);
  not.match(repo.read('.git/seen'), new RegExp(`:${production.port}|shop_app|shop_reader`));
  is(commits().code, 0);
});

needing(test, missing, 'production changed meanwhile: 5, the gate is shut, and a person opens it', async () => {
  const { production } = await both();
  script(
    'wait',
    `import { writeFileSync, existsSync } from 'node:fs'; writeFileSync('.git/going', ''); while (!existsSync('.git/done')) await new Promise((d) => setTimeout(d, 50));`,
  );
  for (const name of ['going', 'done']) repo.remove(`.git/${name}`);
  const running = protect({}, 'db', 'run', '--issue', '3', '--', ...node('wait'));
  while (!repo.has('.git/going')) await new Promise((done) => setTimeout(done, 50));
  const held = commits();
  is(held.code, 1, held.out);
  match(held.out, /is still open/);
  const second = await protect({}, 'db', 'run', '--', 'true');
  is(second.code, 1, second.out);
  await production.sql('shop', "delete from orders where id = 77; insert into audit (said) values ('new')");
  repo.write('.git/done', '');
  const done = await running;
  is(done.code, 5, done.out);
  match(done.out, /production: public\.orders: 200 rows before, 199 now: 1 fewer/);
  not.match(done.out, /audit/);
  const refused = commits();
  is(refused.code, 1, refused.out);
  match(refused.out, /ended with production changed\n.*public\.orders/);
  match((await protect({}, 'db', 'status')).out, /differs.*\n.*public\.orders/);
  const agent = await protect({ CLAUDECODE: '1' }, 'db', 'end', '--accept', '--reason', 'meant');
  is(agent.code, 1, agent.out);
  is((await protect({}, 'db', 'end')).code, 5, 'still another');
  const accepted = await protect({}, 'db', 'end', '--accept', '--reason', 'order 77 was cancelled');
  is(accepted.code, 0, accepted.out);
  is(commits().code, 0);
  match(
    readFileSync(join(repo.dir, '.git/protect/data-runs.jsonl'), 'utf8'),
    /accepted differs.*order 77 was cancelled/,
  );
});

needing(test, missing, 'a command that fails: 1, production is the same, and end opens the gate', async () => {
  const done = await protect({}, 'db', 'run', '--', 'false');
  is(done.code, 1, done.out);
  is(commits().code, 1);
  is((await protect({}, 'db', 'end')).code, 0);
  is(commits().code, 0);
  const none = await protect({}, 'db', 'end');
  is(none.code, 2, none.out);
});

needing(test, missing, 'Ctrl-C and kill -9 leave the gate shut, and say what opens it', async () => {
  script(
    'sleep',
    `import { writeFileSync } from 'node:fs'; writeFileSync('.git/going', ''); setInterval(() => {}, 1000);`,
  );
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    repo.remove('.git/going');
    const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'db', 'run', '--', ...node('sleep')], {
      cwd: repo.dir,
      env: environment(await env()),
      detached: true,
    });
    let out = '';
    child.stderr.on('data', (chunk) => (out += chunk));
    const ended = new Promise((done) => child.on('close', done));
    while (!repo.has('.git/going')) await new Promise((done) => setTimeout(done, 50));
    process.kill(signal === 'SIGINT' ? child.pid! : -child.pid!, signal);
    await ended;
    const refused = commits();
    is(refused.code, 1, refused.out);
    match(refused.out, /was interrupted[\s\S]*db end/, out);
    is((await protect({}, 'db', 'end')).code, 0);
  }
  is(commits().code, 0);
});

needing(test, missing, 'begin and end for others; a server that is gone is not judged', async () => {
  const { production } = await both();
  is((await protect({}, 'db', 'begin')).code, 0);
  match(commits().out, /is still open/);
  production.stopCleanly();
  const gone = await protect({}, 'db', 'end');
  production.start();
  is(gone.code, 3, gone.out);
  match(commits().out, /could not be compared/);
  is((await protect({}, 'db', 'end')).code, 0);
  is(commits().code, 0);
});

needing(test, missing, 'no value is in an argument of any process, nor in a file of ours', async () => {
  const seen = new Set<string>();
  const ports = Object.values(await servers!).map(({ port }) => port);
  const running = protect({}, 'db', 'run', '--', 'true');
  let going = true;
  const sampling = (async () => {
    while (going) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          // What others run on this machine, other tests among them, is none of ours.
          const variables = readFileSync(`/proc/${pid}/environ`, 'utf8');
          const isOurs =
            variables.includes(testsFolder) || ports.some((port) => variables.includes(`PGPORT=${port}\0`));
          if (isOurs && /pg_dump|pg_restore|git-protect|cli\.js/.test(line)) seen.add(line);
        } catch {
          // It has ended meanwhile.
        }
      await new Promise((done) => setTimeout(done, 5));
    }
  })();
  const done = await running;
  going = false;
  await sampling;
  is(done.code, 0, done.out);
  ok([...seen].some((line) => line.includes('pg_dump')));
  for (const line of seen) not.match(line, /secret|postgres:\/\//);
  const folder = join(repo.dir, '.git/protect');
  for (const name of readdirSync(folder, { recursive: true })
    .map(String)
    .filter((one) => /\.jsonl?$/.test(one)))
    not.match(readFileSync(join(folder, name), 'utf8'), /secret|postgres:\/\/[^1]/, name);
});
