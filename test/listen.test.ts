import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { takeLock } from '../src/machine/lock.ts';
import { suite } from './support/suite.ts';
import { distFolder, environment, folder, guardedRepo, Repo, run } from './support/world.ts';

const test = suite('listen');
const made = () => randomBytes(24).toString('hex');

/** A small server that answers with the commit that a deploy wrote; a process of its own, as production is. */
async function production(file: string): Promise<{ port: number; end(): Promise<void> }> {
  const script = `const { readFileSync } = require('node:fs');
    require('node:http').createServer((_, response) => {
      let commit = ''; try { commit = readFileSync(${JSON.stringify(file)}, 'utf8').trim(); } catch {}
      response.end(JSON.stringify({ status: 'ok', commit }));
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => server.on('close', () => done()));
  const port = await new Promise<number>((done) => server.stdout.once('data', (data) => done(Number(String(data)))));
  return {
    port,
    end() {
      server.kill();
      return ended;
    },
  };
}

/** A clone that is deployed by writing the commit into a file, with the server that reads it. */
async function world(options: { slow?: boolean; more?: string } = {}) {
  const live = join(folder('live'), 'commit');
  const gate = join(folder('gate'), 'open');
  const server = await production(live);
  const wait = options.slow ? `touch '${gate}.asked'; while [ ! -e '${gate}' ]; do sleep 0.05; done; ` : '';
  const write = (name: string) => `${wait}env > '${live}.env'; printf %s "$${name}" > '${live}'`;
  const deploy = {
    production: {
      run: { command: write('PROTECT_COMMIT'), timeout: '60s' },
      undo: { command: `printf %s "$PROTECT_PREVIOUS" > '${live}'`, timeout: '60s' },
      live: {
        url: `http://127.0.0.1:${server.port}/health`,
        expect: { '$.status': 'ok' },
        commit: '$.commit',
        ready: { tries: 3, delay: '1s', wait: '1s', good: 1 },
      },
      watch: { for: '2s', every: '1s', grace: '1s', minimum: 2 },
    },
  };
  const { repo: plain, origin } = guardedRepo({
    hooks: false,
    more: `checks: { not-root: { severity: off }, file-permissions: { severity: off } }\ndeploy: ${JSON.stringify(deploy)}\n${options.more ?? ''}`,
  });
  plain.git('branch', '--quiet', '--set-upstream-to=origin/main');
  const state = folder('state');
  const repo = new Repo(plain.dir, { XDG_STATE_HOME: state });
  const other = new Repo(folder('other'));
  other.git('clone', '-q', origin!.dir, '.');
  const push = (name: string) => {
    const commit = other.commit(`feat: ${name}`, { [`src/${name}.ts`]: '1\n' });
    other.git('push', '-q', 'origin', 'main');
    return commit;
  };
  return { repo, other, push, live, gate, state, server };
}

/** `protect listen` as it is built, in a process of its own. */
class Listener {
  out = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  port = 0;

  constructor(
    repo: Repo,
    secrets: Record<string, string>,
    readonly args = Object.keys(secrets).flatMap((name) => ['--secret', name]),
  ) {
    this.child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'listen', '--port', '0', ...args], {
      cwd: repo.dir,
      env: environment({ ...repo.env, ...secrets }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk) => {
        this.out += String(chunk);
      });
    this.ended = new Promise((done) => this.child.on('close', done));
  }

  /** Waits until the log holds it, from a place in it on. */
  async says(what: string | RegExp, from = 0, seconds = 60): Promise<string> {
    for (const start = Date.now(); ; await new Promise((done) => setTimeout(done, 30))) {
      const found =
        typeof what === 'string' ? (this.out.includes(what, from) ? what : null) : what.exec(this.out.slice(from))?.[0];
      if (found != null) return found;
      if (Date.now() - start > seconds * 1000 || this.child.exitCode !== null)
        throw new Error(`it never said ${what}:\n${this.out}`);
    }
  }

  async ready(): Promise<this> {
    this.port = Number(/\d+/.exec((await this.says(/listens on 127\.0\.0\.1 port \d+/)).split('port ')[1]!)![0]);
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

const listening = (repo: Repo, secrets: Record<string, string>, args?: string[]) =>
  new Listener(repo, secrets, args).ready();

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string | number>;
}

const signed = (body: string | Buffer, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** Asks over HTTP. @returns the status and the words */
function ask(
  port: number,
  { method = 'POST', path = '/deploy', body = '', headers = {} }: Asked,
): Promise<[number, string]> {
  return new Promise((done, fail) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { 'content-length': Buffer.byteLength(body), ...headers },
        agent: false,
      },
      (response) => {
        let words = '';
        response.on('data', (chunk) => {
          words += String(chunk);
        });
        response.on('end', () => done([response.statusCode!, words.trim()]));
      },
    );
    asked.on('error', fail);
    asked.end(body);
  });
}

/** A push as GitHub sends it. */
const payload = (commit: string, more = '') =>
  JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: commit,
    repository: { id: 1, full_name: 'shop/shop', default_branch: 'main' },
    pusher: { name: 'lead', email: 'lead@example.com' },
    head_commit: { id: commit, message: `feat: x ${more}` },
  });

const pushed = (body: string, secret: string, delivery = 'a') => ({
  body,
  headers: {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-github-delivery': `72d3162e-cc78-11e3-81ab-4c9367dc095${delivery}`,
    'x-hub-signature-256': signed(body, secret),
  },
});

/** Waits for a file. */
async function there(path: string): Promise<void> {
  for (let tries = 0; !existsSync(path); tries++) {
    ok(tries < 1_000, `${path} never came`);
    await new Promise((done) => setTimeout(done, 30));
  }
}

/** Sends bytes as they are, a piece at a time. @returns what came back */
function raw(port: number, pieces: readonly string[], end: boolean): Promise<string> {
  return new Promise((done) => {
    let back = '';
    const socket = connect(port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
      if (end) socket.end();
    });
    socket.on('data', (chunk) => {
      back += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done(back));
  });
}

test('a push is deployed; the same again, with another delivery id or after a restart, is known; and no value is told', async () => {
  const { repo, push, live, state, server } = await world();
  const secret = made();
  const query = made();
  let listener = await listening(repo, { HOOK: secret });
  try {
    const first = push('one');
    const body = payload(first, secret.slice(4));
    equal(await ask(listener.port, { ...pushed(body, secret), path: `/deploy?token=${query}` }), [
      202,
      'taken: it looks for something new',
    ]);
    await listener.says('deploy ended with 0');
    is(readFileSync(live, 'utf8'), first, 'it runs');
    is(repo.head(), first, 'the clone was brought there');
    not.match(readFileSync(`${live}.env`, 'utf8'), secret, 'what is deployed does not see the secret');
    match(listener.out, `production runs ${first.slice(0, 12)}`);

    const known = [200, 'already known'];
    equal(await ask(listener.port, pushed(body, secret)), known, 'delivered again');
    equal(await ask(listener.port, pushed(body, secret, 'b')), known, 'with another id');
    const upper = pushed(body, secret);
    upper.headers['x-hub-signature-256'] = `sha256=${signed(body, secret).slice(7).toUpperCase()}`;
    equal(await ask(listener.port, upper), known, 'written in another way');

    const commands = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    for (const pid of commands) {
      const file = `/proc/${pid}/cmdline`;
      try {
        not.match(readFileSync(file, 'latin1'), secret, file);
      } catch (error) {
        if ((error as Error).name === 'Assertion') throw error;
      }
    }
    is(await listener.stop(), 0, listener.out);
    match(listener.out, /asked to stop[^\n]*\n[^\n]* ended\n$/);
    const all = listener.out;
    listener = await listening(repo, { HOOK: secret });
    equal(await ask(listener.port, pushed(body, secret)), known, 'after a restart');
    // Another body of the same push deploys nothing: it is not new.
    const from = listener.out.length;
    is((await ask(listener.port, pushed(payload(first, 'again'), secret)))[0], 202);
    await listener.says('deploy ended with 0', from);
    match(listener.out, `nothing new: ${first.slice(0, 12)} was deployed already (live)`);
    for (const [name, text] of Object.entries({ log: all + listener.out, ...files(state) })) {
      not.match(text, secret, name);
      not.match(text, query, name);
      not.match(text, 'lead@example.com', name);
    }
    match(all, /POST \/deploy from (::ffff:)?127\.0\.0\.1: 202 taken/);
  } finally {
    await listener.stop();
    await server.end();
  }
});

/** What lies in a folder, by its path. */
function files(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]),
  );
}

test('whoever does not have the secret gets nothing', async () => {
  const { repo, push, live, server } = await world();
  const [secret, second] = [made(), made()];
  const listener = await listening(repo, { HOOK: secret, HOOK_NEXT: second });
  try {
    const body = payload(push('one'));
    const good = pushed(body, secret);
    const status = async (asked: Asked) => (await ask(listener.port, asked))[0];
    const withSignature = (signature: string) =>
      status({ ...good, headers: { ...good.headers, 'x-hub-signature-256': signature } });
    const { 'x-hub-signature-256': signature, ...unsigned } = good.headers;
    is(await status({ ...good, headers: unsigned }), 401, 'missing');
    is(await withSignature(signed(body, made())), 401, 'of another secret');
    is(await withSignature(signed(`${body} `, secret)), 401, 'of another body');
    for (const [why, wrong] of [
      ['short', signature.slice(0, -2)],
      ['empty', ''],
      ['the old kind', `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`],
      ['long', `${signature}00`],
      ['no hex', `sha256=${'z'.repeat(64)}`],
      ['without its name', signature.slice(7)],
      ['twice', `${signature}, ${signature}`],
    ] as const)
      is(await withSignature(wrong), 401, why);
    is(await status({ method: 'GET' }), 405);
    is(await status({ ...good, method: 'PUT' }), 405);
    for (const path of ['/', '/deploy/', '/deploy/x', '//deploy', '/DEPLOY', '/%64eploy', '/hooks'])
      is(await status({ ...good, path }), 404, path);
    is(
      await status({ path: '/backup', headers: { authorization: `Bearer ${secret}` } }),
      404,
      'no backup may be triggered',
    );
    is(await status({ ...good, body: 'x'.repeat((1 << 20) + 1), headers: {} }).catch(() => 413), 413);
    const event = { ...good.headers, 'x-github-event': 'ping' };
    is(await status({ ...good, headers: event }), 200, 'a ping is no push');
    not.match(listener.out, 'looks for something new');
    is(existsSync(live), false);

    is(await status(pushed(body, second)), 202, 'the secret that replaces it');
    await listener.says('deploy ended with 0');
    is(await status(pushed(payload(push('two')), secret)), 202, 'the one that is replaced');
    await listener.says(/deploy ended with 0[\s\S]*deploy ended with 0/);
    for (const value of [secret, second]) not.match(listener.out, value);
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('bad lengths, slow bodies, what is no HTTP, and floods are refused; it goes on', async () => {
  const { repo, push, server } = await world();
  const secret = made();
  const listener = await listening(repo, { HOOK: secret });
  try {
    const body = payload(push('one'));
    const head = (...lines: string[]) =>
      ['POST /deploy HTTP/1.1', 'Host: x', `X-Hub-Signature-256: ${signed(body, secret)}`, ...lines, '', ''].join(
        '\r\n',
      );
    const first = (text: string) => text.split('\r\n')[0];
    match(first(await raw(listener.port, [head()], false))!, '411');
    match(first(await raw(listener.port, [head('Transfer-Encoding: chunked'), '0\r\n\r\n'], false))!, '411');
    match(first(await raw(listener.port, [head('Content-Length: -1')], false))!, '400');
    match(first(await raw(listener.port, [head('Content-Length: 5', 'Content-Length: 6')], false))!, '400');
    match(first(await raw(listener.port, [head('Content-Length: 5', 'Transfer-Encoding: chunked')], false))!, '400');
    match(first(await raw(listener.port, [head('Content-Length: 99999999999999999999')], false))!, /400|413/);
    match(first(await raw(listener.port, [head('Content-Length: 1048577'), 'x'.repeat(100_000)], false))!, '413');
    match(first(await raw(listener.port, ['\x16\x03\x01\x02\x00\x01\x00'], false))!, '400');
    match(first(await raw(listener.port, [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`], false))!, /4\d\d/);
    await raw(listener.port, [head('Content-Length: 500'), body.slice(0, 100)], true);
    await listener.says('400 the body was cut off');
    // In our words: Node's own limit, which comes later, has others.
    const late = await raw(listener.port, [head('Content-Length: 500'), body.slice(0, 100)], false);
    match(first(late)!, '408');
    match(late, 'the body takes too long');
    not.match(listener.out, 'looks for something new');

    const flood = await Promise.all(
      Array.from({ length: 100 }, () =>
        ask(listener.port, { body: '{}' }).then(
          ([status]) => status,
          () => 0,
        ),
      ),
    );
    ok(flood.includes(429), String(flood));
    ok(
      flood.every((status) => [401, 429, 0].includes(status)),
      String(flood),
    );
    // One more comes through each second.
    for (let tries = 0; ; tries++) {
      const [status] = await ask(listener.port, pushed(body, secret));
      if (status === 202) break;
      ok(tries < 20, 'it never came through again');
      await new Promise((done) => setTimeout(done, 1_000));
    }
    await listener.says('deploy ended with 0');
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('one deploy at a time, and what is pushed meanwhile is looked for once', async () => {
  const { repo, push, live, gate, server } = await world({ slow: true });
  const secret = made();
  const listener = await listening(repo, { HOOK: secret });
  try {
    is((await ask(listener.port, pushed(payload(push('one')), secret)))[0], 202);
    await there(`${gate}.asked`);
    for (const name of ['two', 'three', 'four'])
      is((await ask(listener.port, pushed(payload(push(name)), secret)))[0], 202, name);
    writeFileSync(gate, '');
    await listener.says(/deploy ended with 0[\s\S]*deploy ended with 0/);
    is(readFileSync(live, 'utf8'), repo.head());
    await new Promise((done) => setTimeout(done, 300));
    is([...listener.out.matchAll(/ looks for something new for /g)].length, 2, listener.out);
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('asked to stop, it takes nothing more, ends the deploy, and does what still waits when it starts again', async () => {
  const { repo, push, live, gate, server } = await world({ slow: true });
  const secret = made();
  let listener = await listening(repo, { HOOK: secret });
  try {
    const first = push('one');
    is((await ask(listener.port, pushed(payload(first), secret)))[0], 202);
    await there(`${gate}.asked`);
    const second = push('two');
    is((await ask(listener.port, pushed(payload(second), secret)))[0], 202);
    listener.child.kill('SIGTERM');
    await listener.says('asked to stop');
    is(
      await ask(listener.port, pushed(payload(second, 'x'), secret)).then(
        () => 'answered',
        () => 'closed',
      ),
      'closed',
    );
    is(listener.child.exitCode, null, 'the deploy runs');
    writeFileSync(gate, '');
    is(await listener.ended, 0, listener.out);
    is(readFileSync(live, 'utf8'), first);
    listener = await listening(repo, { HOOK: secret });
    await listener.says('deploy ended with 0');
    is(readFileSync(live, 'utf8'), second, 'what was taken is not lost');
    await listener.stop();
    listener = await listening(repo, { HOOK: secret });
    await new Promise((done) => setTimeout(done, 500));
    not.match(listener.out, 'looks for something new', 'it is done once');
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('killed, it starts again, and the deploy that was cut off is told and not passed over', async () => {
  const { repo, push, gate, server } = await world({ slow: true });
  const secret = made();
  let listener = await listening(repo, { HOOK: secret });
  try {
    const first = push('one');
    is((await ask(listener.port, pushed(payload(first), secret)))[0], 202);
    await there(`${gate}.asked`);
    await listener.stop('SIGKILL');
    writeFileSync(gate, '');
    listener = await listening(repo, { HOOK: secret });
    await listener.says('deploy ended with 3');
    match(listener.out, 'npx git-protect deploy resume production');
    equal(await ask(listener.port, pushed(payload(first), secret)), [200, 'already known']);
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('asked to stop twice, it interrupts the deploy, which is taken back', async () => {
  const { repo, push, live, gate, server } = await world({ slow: true });
  const secret = made();
  const listener = await listening(repo, { HOOK: secret });
  try {
    writeFileSync(gate, '');
    const first = push('one');
    is((await ask(listener.port, pushed(payload(first), secret)))[0], 202);
    await listener.says('deploy ended with 0');
    for (const path of [gate, `${gate}.asked`]) rmSync(path);
    is((await ask(listener.port, pushed(payload(push('two')), secret)))[0], 202);
    await there(`${gate}.asked`);
    listener.child.kill('SIGTERM');
    await listener.says('asked to stop');
    listener.child.kill('SIGTERM');
    is(await listener.ended, 0, listener.out);
    match(listener.out, 'deploy ended with 4');
    is(readFileSync(live, 'utf8'), first);
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('a clone that would lose something is left as it is', async () => {
  const { repo, other, push, live, server } = await world();
  const secret = made();
  const listener = await listening(repo, { HOOK: secret });
  let ends = 0;
  const wish = async (what: string) => {
    const from = listener.out.length;
    is((await ask(listener.port, pushed(payload(repo.head(), String(ends++)), secret)))[0], 202);
    await listener.says(/deploy ended with \d/, from);
    match(listener.out.slice(from), what);
  };
  try {
    push('one');
    const before = repo.head();
    repo.write('src/a.ts', 'mine\n');
    await wish('the clone has 1 uncommitted changes');
    repo.git('checkout', '-q', '--', 'src/a.ts');
    repo.git('switch', '-q', '-c', 'topic');
    await wish('the clone is not on main');
    repo.git('switch', '-q', 'main');
    is(repo.head(), before);
    repo.commit('feat: mine', { 'src/mine.ts': '1\n' });
    await wish('does not follow on');
    repo.git('reset', '-q', '--hard', before);
    other.git('reset', '-q', '--hard', 'HEAD~1');
    other.commit('feat: else', { 'src/else.ts': '1\n' });
    const good = repo.tryGit('merge', '--ff-only', '-q', 'origin/main');
    is(good.code, 0, good.out);
    other.git('push', '-q', '--force', 'origin', 'main');
    await wish('does not follow on');
    is(existsSync(live), false, 'nothing was deployed');
    // What the checks refuse is refused here too.
    repo.git('reset', '-q', '--hard', 'origin/main');
    other.commit('fix: pay', { 'server/pay.ts': 'export const fee = 2;\n' });
    other.git('push', '-q', 'origin', 'main');
    await wish('error[landed-checks]');
    match(listener.out, 'deploy ended with 1');
    is(existsSync(live), false, 'nothing was deployed');
  } finally {
    await listener.stop();
    await server.end();
  }
});

/** Two backups, one of which whoever has the token may ask for. */
function triggered(token: string): string {
  const { repo } = guardedRepo({ hooks: false, remote: false });
  const print = /"(scrypt:.*)"/.exec(
    repo.protectWith({ env: { BACKUP_TRIGGER: token } }, 'fingerprint', 'BACKUP_TRIGGER').stdout,
  )![1]!;
  return `backups:\n  uploads: { files: [src/], encrypt: { to: [owners] }, trigger: "${print}" }\n  quiet: { files: [src/], encrypt: { to: [owners] } }`;
}

test('a backup that waits for a deploy is made after a restart', async () => {
  const token = made();
  const secret = made();
  const { repo, push, gate, server } = await world({ slow: true, more: triggered(token) });
  repo.write('.git/info/exclude', 'node_modules\n.backups\n');
  let listener = await listening(repo, { HOOK: secret });
  try {
    is((await ask(listener.port, pushed(payload(push('one')), secret)))[0], 202);
    for (const start = Date.now(); !existsSync(`${gate}.asked`) && Date.now() - start < 60_000; )
      await new Promise((done) => setTimeout(done, 30));
    const headers = { authorization: `Bearer ${token}` };
    is((await ask(listener.port, { path: '/backup', headers }))[0], 202);
    listener.child.kill('SIGTERM');
    await listener.says('asked to stop');
    writeFileSync(gate, '');
    is(await listener.ended, 0, listener.out);
    not.match(listener.out, 'backup ended');
    listener = await listening(repo, { HOOK: secret });
    await listener.says('backup ended with 0');
    is(await listener.stop(), 0);
    listener = await listening(repo, { HOOK: secret });
    is(await listener.stop(), 0);
    not.match(listener.out, 'makes a backup');
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('a backup by hand: the token of the policy, and no other', async () => {
  const token = made();
  const { repo, server } = await world({ more: triggered(token) });
  repo.write('.git/info/exclude', 'node_modules\n.backups\n');
  const listener = await listening(repo, { HOOK: made() });
  const backup = (given: string, path = '/backup') => ask(listener.port, { path, headers: { authorization: given } });
  try {
    equal(await backup(''), [401, 'the token is missing or wrong']);
    is((await backup(`Basic ${token}`))[0], 401);
    is((await backup(`Bearer ${made()}`))[0], 401);
    is((await backup(`Bearer ${token.slice(0, 8)}`))[0], 401);
    is((await backup(`Bearer ${token}`, '/backup/quiet'))[0], 404);
    equal(await backup(`Bearer ${token}`), [202, 'taken: a backup is made']);
    await listener.says('backup ended with 0');
    is(readdirSync(join(repo.dir, '.backups')).filter((name) => name.endsWith('.json')).length, 1);
    const guesses = await Promise.all(Array.from({ length: 12 }, () => backup(`Bearer ${made()}`)));
    ok(
      guesses.some(([status]) => status === 429),
      'guessing is slow',
    );
    not.match(listener.out, token);
  } finally {
    await listener.stop();
    await server.end();
  }
});

test('what it cannot start with is said at once, and never the secret', async () => {
  const { repo, server } = await world();
  try {
    const secret = made();
    const refused = (words: string, args: string[], env: NodeJS.ProcessEnv = {}) => {
      const done = repo.protectApart({ env }, 'listen', ...args);
      is(done.code, 2, done.out);
      match(done.stderr, words);
      not.match(done.out, secret);
      not.match(done.out, 'fifteen');
    };
    refused('on which port?', ['--secret', 'HOOK']);
    refused('--port is not a number', ['--port', '70000', '--secret', 'HOOK']);
    refused('--secret is missing', ['--port', '0']);
    refused('--secret number 1 is not set', ['--port', '0', '--secret', 'HOOK']);
    refused('--secret number 1 begins or ends with white space', ['--port', '0', '--secret', 'HOOK'], {
      HOOK: `${made()}\n`,
    });
    refused('--secret number 2 holds less than 16 bytes', ['--port', '0', '--secret', 'HOOK', '--secret', 'OLD'], {
      HOOK: secret,
      OLD: 'fifteen-letters',
    });
    refused('takes the name of a variable', ['--port', '0', '--secret', `0${secret}`]);
    refused('--secret number 1 is not set', ['--port', '0', '--secret', `a${secret}`]);
    refused("no environment 'nowhere'", ['--port', '0', '--secret', 'HOOK', 'nowhere'], { HOOK: secret });
    const one = await listening(repo, { HOOK: secret });
    const two = repo.protectApart({ env: { HOOK: secret } }, 'listen', '--port', '0', '--secret', 'HOOK');
    is(two.code, 3, two.out);
    match(two.stderr, 'another git-protect listens for production');
    is(await one.stop(), 0);
  } finally {
    await server.end();
  }
});

test('the unit of systemd', async () => {
  const { repo, server } = await world();
  await server.end();
  const secret = made();
  const printed = repo.protectWith(
    { env: { HOOK: secret } },
    'listen',
    '--port',
    '9000',
    '--secret',
    'HOOK',
    '--secret',
    'HOOK_NEXT',
    '--print-unit',
  );
  is(printed.code, 0, printed.out);
  for (const line of [
    /^User=\w+$/m,
    /^Restart=on-failure$/m,
    /^NoNewPrivileges=yes$/m,
    /^EnvironmentFile=\/etc\/git-protect\/.*\.env$/m,
    /^KillMode=process$/m,
  ])
    match(printed.stdout, line);
  match(printed.stdout, / listen --port 9000 --secret HOOK --secret HOOK_NEXT production$/m);
  not.match(printed.out, secret);
  const start = /^ExecStart=(.*)$/m.exec(printed.stdout)![1]!;
  is(run(repo.dir, 'sh', ['-n', '-c', start]).code, 0, start);
  if (run(repo.dir, 'sh', ['-c', 'command -v systemd-analyze']).code !== 0) return;
  const unit = join(folder('unit'), 'listens.service');
  writeFileSync(unit, printed.stdout);
  const verified = run(repo.dir, 'systemd-analyze', ['verify', unit]);
  not.match(verified.out, /listens\.service:\d|Unknown|ignoring/, verified.out);
  writeFileSync(unit, printed.stdout.replace('Restart=on-failure', 'Restart=on-fail'));
  match(run(repo.dir, 'systemd-analyze', ['verify', unit]).out, 'on-fail', 'a mistake would be seen');
});

test('what could not be looked at is not forgotten, and nothing moves while something else is being deployed', async () => {
  const { repo, push, live, state, server } = await world();
  const secret = made();
  let listener = await listening(repo, { HOOK: secret });
  try {
    const before = repo.head();
    const project = join(state, 'git-protect', readdirSync(join(state, 'git-protect'))[0]!);
    const held = (await takeLock(join(project, 'production.lock')))!;
    const first = push('one');
    is((await ask(listener.port, pushed(payload(first), secret)))[0], 202);
    await listener.says('deploy ended with 3');
    match(listener.out, 'production is being changed by process');
    match(listener.out, 'looks again in 1 min');
    is(repo.head(), before, 'the files of the deploy that runs stay as they are');
    await held.release();
    is(await listener.stop(), 0, listener.out);

    const url = repo.git('remote', 'get-url', 'origin');
    renameSync(url, `${url}.away`);
    listener = await listening(repo, { HOOK: secret });
    await listener.says('deploy ended with 3');
    is(await listener.stop(), 0, listener.out);
    renameSync(`${url}.away`, url);
    listener = await listening(repo, { HOOK: secret });
    await listener.says('deploy ended with 0');
    is(readFileSync(live, 'utf8'), first);
    is(await listener.stop(), 0, listener.out);
    listener = await listening(repo, { HOOK: secret });
    is((await ask(listener.port, pushed(payload(first), secret)))[0], 200);
    is(await listener.stop(), 0, listener.out);
    not.match(listener.out, 'looks for something new');
  } finally {
    await listener.stop();
    await server.end();
  }
});
