import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer as createPlain } from 'node:net';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { health } from '../src/checks/health.ts';
import { get } from '../src/machine/http.ts';
import { findings, messages, predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { folder, newRepo, run } from './support/world.ts';

const test = suite('health');
const repo = newRepo();
const commit = repo.commit('chore: start', { 'a.txt': 'a' });

async function listening(server: Pick<Server, 'listen' | 'address'>): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  return (server.address() as { port: number }).port;
}

/** Runs against a server of its own, which counts what it is asked. */
async function against(
  answer: (...args: [...Parameters<RequestListener>, asked: number]) => void,
  use: (url: string, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  const server = createServer((request, response) => answer(request, response, ++asked));
  const url = `http://127.0.0.1:${await listening(server)}/health`;
  try {
    await use(url, () => asked);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

const endpoint = (url: string, more: Record<string, unknown> = {}) => ({
  repo,
  environment: { health: [{ name: 'staging', url, within: '2s', tries: 1, delay: '1s', ...more }] },
});
const json = (value: unknown) => (_: unknown, response: Parameters<RequestListener>[1]) => {
  response.setHeader('content-type', 'application/json');
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
};

test('skipped where no endpoint is configured', async () => {
  equal(await health.run(predeployContext({ repo })), { skipped: 'no endpoint is configured' });
});

test('healthy: the status, the values and the commit', async () => {
  const given = { status: 'ok', checks: [{ up: true }, { up: true }], commit };
  await against(json(given), async (url) => {
    const expect = { '$.status': 'ok', '$.checks[*].up': true, '$.checks[0]["up"]': true };
    equal(await findings(health, endpoint(url, { expect, commit: '$.commit' })), []);
  });
  await against(json('\ufeff{"status":null,"n":1.50}'), async (url) => {
    equal(await findings(health, endpoint(url, { expect: { '$.status': null, '$.n': 1.5 } })), []);
  });
});

test('another status is told with what came back', async () => {
  await against(
    (_, response) => response.writeHead(503, { 'x-secret': 'header-value' }).end('database\n is   down'),
    async (url) => {
      const [problem] = await findings(health, endpoint(url));
      match(problem!.message, /^staging \(127\.0\.0\.1:\d+\/health\): answers 503, expected 200: database is down$/);
      is(problem!.help, `fix staging, or deploy ${commit.slice(0, 12)} there first`);
      not.match(JSON.stringify(problem), 'header-value');
      equal(await findings(health, endpoint(url, { status: 503 })), [], 'a status that the policy expects');
    },
  );
});

test('a redirect is not followed, and what stands behind the question mark is not told', async () => {
  await against(
    (request, response, asked) => {
      if (asked > 1) response.end('{"status":"ok"}');
      else response.writeHead(302, { location: '/login?token=secret-token' }).end();
      ok(request.url);
    },
    async (url, asked) => {
      const text = await messages(health, endpoint(url, { expect: { '$.status': 'ok' } }));
      match(text, /answers 302 and leads to http:\/\/127\.0\.0\.1:\d+\/login, expected 200$/);
      not.match(text, 'secret-token');
      is(asked(), 1);
    },
  );
});

test('values that are other, missing, of another type, or not all as expected', async () => {
  await against(json({ status: 'degraded', n: 1, list: ['ok', 'no'], o: { status: 'ok' } }), async (url) => {
    const said = (expect: Record<string, unknown>) => messages(health, endpoint(url, { expect }));
    match(await said({ '$.status': 'ok' }), 'has "degraded" at $.status, expected "ok"');
    match(await said({ '$.missing': 'ok' }), 'has nothing at $.missing, expected "ok"');
    match(await said({ '$.missing': null }), 'has nothing at $.missing, expected null');
    match(await said({ '$.n': '1' }), 'has 1 at $.n, expected "1"');
    match(await said({ '$.n': true }), 'has 1 at $.n, expected true');
    match(await said({ '$.list[*]': 'ok' }), 'has "no" at $.list[*]');
    match(await said({ '$.o': 'ok' }), 'has {"status":"ok"} at $.o');
    match(await said({ '$.__proto__': null }), 'has nothing at $.__proto__');
    match(await said({ '$.constructor': null }), 'has nothing at $.constructor');
  });
});

test('what is not JSON, half of it, or JSON that can be read in two ways', async () => {
  const said = async (body: string) => {
    let text = '';
    await against(json(body), async (url) => {
      text = await messages(health, endpoint(url, { expect: { '$.status': 'ok' } }));
    });
    return text;
  };
  match(await said('<html><body>status: ok</body></html>'), 'answers with what is not JSON: <html><body>status: ok');
  match(await said(''), 'answers with what is not JSON, with an empty body');
  match(await said('{"status":"ok"'), 'not JSON');
  match(await said('{"status":"ok"} {"status":"ok"}'), 'not JSON');
  match(await said('// fine\n{"status":"ok"}'), 'not JSON');
  match(await said('{"status":"down","status":"ok"}'), "JSON that has the key 'status' twice");
  match(await said(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'answers with');
  match(await said('"ok"'), 'has nothing at $.status');
  match(await said('{"status":12345678901234567890}'), 'has "12345678901234567890" at $.status');
});

test('at most 80 characters of an answer are shown, and none that nobody sees', async () => {
  await against(json(`${'\u001b[31m\u202e'.repeat(10)}${'x '.repeat(2500)}`), async (url) => {
    const text = await messages(health, endpoint(url, { expect: { '$.status': 'ok' } }));
    const shown = text.split('not JSON: ')[1]!;
    is([...shown].length, 80);
    not.match(shown, /[\u001b\u202e]/);
  });
  await against(json({ status: 'y '.repeat(2500) }), async (url) => {
    const text = await messages(health, endpoint(url, { expect: { '$.status': 'ok' } }));
    match(text, `has "${'y '.repeat(39)}… at $.status`);
  });
});

test('the commit that runs there is the one to be deployed', async () => {
  const runs = async (value: unknown) => {
    let text = '';
    await against(json({ commit: value }), async (url) => {
      text = await messages(health, endpoint(url, { commit: '$.commit' }));
    });
    return text;
  };
  for (const good of [commit, commit.slice(0, 7), commit.slice(0, 12).toUpperCase()]) is(await runs(good), '');
  const other = commit.startsWith('0') ? `1${commit.slice(1)}` : `0${commit.slice(1)}`;
  match(await runs(other), `runs "${other}" by $.commit, expected ${commit.slice(0, 12)}`);
  for (const bad of [
    commit.slice(0, 6),
    '',
    null,
    true,
    Number.parseInt(commit.slice(0, 7), 16),
    `${commit}0`,
    `${commit.slice(0, 7)}-dirty`,
    commit.slice(1),
    `${commit}\n`,
    [commit],
    'HEAD',
    'unknown',
  ])
    match(await runs(bad), `expected ${commit.slice(0, 12)}`);
  await against(json({ other: commit }), async (url) => {
    match(await messages(health, endpoint(url, { commit: '$.commit' })), 'names no commit at $.commit');
  });
  await against(json([{ commit }, { commit: other }]), async (url) => {
    match(await messages(health, endpoint(url, { commit: '$[*].commit' })), `runs "${other}"`);
  });
});

test('healthy at the third try passes with three tries, and not with two', async () => {
  const third = (_: unknown, response: Parameters<RequestListener>[1], asked: number) =>
    void (asked < 3 ? response.writeHead(503).end() : response.end('{"status":"ok"}'));
  const expect = { '$.status': 'ok' };
  await against(third, async (url, asked) => {
    equal(await findings(health, endpoint(url, { tries: 3, expect })), []);
    is(asked(), 3);
  });
  await against(third, async (url, asked) => {
    match(await messages(health, endpoint(url, { tries: 2, expect })), / after 2 tries: answers 503, /);
    is(asked(), 2);
  });
});

test('a server that is silent, slow or drips is not waited for', async () => {
  const said = async (answer: RequestListener) => {
    let text = '';
    await against(answer, async (url) => {
      text = await messages(health, endpoint(url, { within: '1s' }));
    });
    return text;
  };
  match(await said(() => {}), 'no whole answer within 1 s');
  match(
    await said((_, response) => void response.writeHead(200, { 'content-length': '10' }).write('x')),
    'no whole answer',
  );
  let drops: NodeJS.Timeout | undefined;
  const drip: RequestListener = (_, response) => {
    response.writeHead(200);
    drops = setInterval(() => response.write('x'), 20);
  };
  match(await said(drip), 'no whole answer within 1 s');
  clearInterval(drops);
});

test('a connection that is dropped, before or within the answer', async () => {
  const said = async (answer: RequestListener) => {
    let text = '';
    await against(answer, async (url) => {
      text = await messages(health, endpoint(url));
    });
    return text;
  };
  match(
    await said((request) => void request.socket.destroy()),
    'the connection was dropped before the answer was whole',
  );
  const half: RequestListener = (request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"status":"ok"}', () => request.socket.destroy());
  };
  match(await said(half), 'the connection was dropped before the answer was whole');
  const chunk: RequestListener = (request, response) => {
    response.write('{"status":"ok"}', () => request.socket.destroy());
  };
  match(await said(chunk), 'the connection was dropped before the answer was whole');
});

test('nobody listens, nobody knows the name, nobody speaks HTTP', async () => {
  const server = createPlain(
    (socket) =>
      void socket
        .on('error', () => {})
        .resume()
        .end('220 smtp ready\r\n'),
  );
  const port = await listening(server as never);
  match(await messages(health, endpoint(`http://127.0.0.1:${port}/`)), 'it does not speak HTTP as it should');
  match(await messages(health, endpoint(`https://127.0.0.1:${port}/`)), 'it does not speak TLS as it should');
  await new Promise((done) => server.close(done));
  match(await messages(health, endpoint(`http://127.0.0.1:${port}/`)), 'nothing listens there');
  match(
    await messages(health, endpoint('http://staging.invalid/')),
    /the name of the host (is not known|cannot be looked up now)/,
  );
});

test('a server that wants to speak something else', async () => {
  const server = createPlain((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{"status":"ok"}');
      });
  });
  const url = `http://127.0.0.1:${await listening(server as never)}/`;
  match(await messages(health, endpoint(url, { within: '1s' })), /dropped|no whole answer|answers 101/);
  await new Promise((done) => server.close(done));
});

test('a huge answer is cut off', async () => {
  const flood: RequestListener = (_, response) => {
    const more = () => {
      while (response.write('x'.repeat(1 << 16)));
      response.once('drain', more);
    };
    more();
  };
  await against(flood, async (url) => {
    match(await messages(health, endpoint(url)), 'it answers with more than 1 MiB');
  });
});

test('a certificate that nobody vouches for is refused, whatever the environment says', async () => {
  const place = folder('tls');
  const made = run(place, 'openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'cert.pem'],
  ]);
  is(made.code, 0, made.out);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(place, name)));
  const server = createTls({ key, cert }, (_, response) => void response.end('{}'));
  const url = `https://127.0.0.1:${await listening(server)}/`;
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    match(await messages(health, endpoint(url)), 'its certificate is signed by itself');
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    await new Promise((done) => server.close(done));
  }
});

test('endpoints are asked side by side, and each is told', async () => {
  await against(
    (_, response, asked) => {
      // The first is answered once the second has been asked.
      if (asked === 1) waiting.push(response);
      else for (const one of [...waiting, response]) one.writeHead(500).end();
    },
    async (url) => {
      const [one] = endpoint(url).environment.health;
      const found = await findings(health, { repo, environment: { health: [one, { ...one, name: 'other' }] } });
      equal(
        found.map(({ message }) => message.split(' ')[0]),
        ['staging', 'other'],
      );
      match(found[0]!.message, 'answers 500');
    },
  );
});
const waiting: Parameters<RequestListener>[1][] = [];

test('an interruption ends it, in the answer and in the pause', async () => {
  for (const answer of [
    () => {},
    (_: unknown, response: Parameters<RequestListener>[1]) => void response.writeHead(500).end(),
  ]) {
    const stop = new AbortController();
    await against(answer, async (url) => {
      const context = predeployContext({
        ...endpoint(url, { tries: 9, within: '60s', delay: '60s' }),
        signal: stop.signal,
      });
      const ended = Promise.resolve(health.run(context)).then(
        () => null,
        (reason: Error) => reason,
      );
      setTimeout(() => stop.abort(), 100);
      const error = await ended;
      is(error?.name, 'Undecided');
      match(error!.message, 'it was interrupted');
    });
  }
  const error = await get('http://127.0.0.1:1/', 1000, AbortSignal.abort()).catch((reason: Error) => reason);
  match((error as Error).message, 'it was interrupted');
});

test('a JSONPath that is none is not judged', async () => {
  await against(json({}), async (url) => {
    const error = await Promise.resolve(health.run(predeployContext(endpoint(url, { expect: { '$.[': 1 } })))).catch(
      (reason: Error) => reason,
    );
    is((error as Error).name, 'Undecided');
    match((error as Error).message, "'$.[' is not a JSONPath");
  });
});

test('nothing stays open: no socket, no timer, and no proxy is used', async () => {
  const seen: string[] = [];
  await against(
    (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['accept-encoding']} ${request.headers.connection}`);
      response.end('{}');
    },
    async (url) => {
      const script = `import { get } from ${JSON.stringify(join(import.meta.dirname, '../src/machine/http.js'))};
console.log((await get(${JSON.stringify(url)}, 3_600_000_000, new AbortController().signal)).status);`;
      const child = await import('node:child_process').then(({ spawn }) =>
        spawn(process.execPath, ['--input-type=module', '-e', script], {
          env: { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' },
        }),
      );
      let out = '';
      child.stdout.on('data', (data) => (out += data));
      child.stderr.on('data', (data) => (out += data));
      const code = await new Promise((done) => child.on('close', done));
      equal([code, out], [0, '200\n']);
      equal(seen, ['GET /health identity close']);
    },
  );
});
