import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { list, remove, type Storage } from '../src/backups/s3.ts';
import { suite } from './support/suite.ts';
import { distFolder, environment, folder, guardedRepo, hooksApart, projectRoot, Repo } from './support/world.ts';

const test = suite('backups: S3');

type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

const secret = 'a-secret-value';

/** What a storage says against the signature of a request; null: nothing. @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function refusalOf({ method, url, headers }: IncomingMessage): string | null {
  const [, day, names, given] =
    /^AWS4-HMAC-SHA256 Credential=KEY\/(\d{8})\/auto\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (given === undefined || !names!.split(';').includes('x-amz-content-sha256')) return 'AccessDenied';
  const date = String(headers['x-amz-date']);
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'));
  if (!(Math.abs(Date.now() - at) < 900_000)) return 'RequestTimeTooSkewed';
  const [path, query = ''] = url!.split('?');
  const sorted = query
    .split('&')
    .map((pair) => pair.replaceAll('+', '%20'))
    .sort()
    .join('&');
  const lines = names!.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, path, sorted, lines.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', date, `${day}/auto/s3/aws4_request`, digest].join('\n');
  const key = [day!, 'auto', 's3', 'aws4_request'].reduce<string | Buffer>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac('sha256', key).update(text).digest('hex') === given ? null : 'SignatureDoesNotMatch';
}

/** A small storage: objects in memory, digests and signatures looked at as far as a client can be wrong about them. */
class Store {
  readonly objects = new Map<string, { body: Buffer; meta: string }>();
  readonly seen: string[] = [];
  fault: Fault = () => false;
  readonly server: Server = createServer((request, response) => void this.answer(request, response));

  async url(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/bucket/shop`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push(`${request.method} ${request.url}`);
    if (this.fault(request, response)) return;
    const refusal = refusalOf(request);
    if (refusal !== null) {
      request.resume();
      return void response.writeHead(403).end(`<Code>${refusal}</Code>`);
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const url = new URL(request.url!, 'http://x');
    const name = decodeURIComponent(url.pathname);
    if (request.method === 'PUT') {
      const digest = createHash('sha256').update(body).digest('hex');
      if (request.headers['transfer-encoding'] || request.headers['x-amz-content-sha256'] !== digest)
        return void response.writeHead(400).end('<Code>XAmzContentSHA256Mismatch</Code>');
      this.objects.set(name, { body, meta: String(request.headers['x-amz-meta-sha256']) });
      return void response.writeHead(200).end();
    }
    if (url.searchParams.has('list-type')) return void response.writeHead(200).end(this.page(url));
    const found = this.objects.get(name);
    if (!found) return void response.writeHead(404).end('<Code>NoSuchKey</Code>');
    if (request.method === 'DELETE') {
      this.objects.delete(name);
      return void response.writeHead(204).end();
    }
    response.writeHead(200, { 'content-length': found.body.length, 'x-amz-meta-sha256': found.meta });
    response.end(request.method === 'HEAD' ? undefined : found.body);
  }

  private page(url: URL): string {
    const prefix = url.searchParams.get('prefix')!;
    const all = [...this.objects.keys()]
      .map((name) => name.slice('/bucket/'.length))
      .filter((name) => name.startsWith(prefix))
      .sort();
    const from = Number(url.searchParams.get('continuation-token') ?? 0);
    const keys = all
      .slice(from, from + 2)
      .map((key) => `<Contents><Key>${key.replaceAll('&', '&amp;')}</Key></Contents>`);
    const more = from + 2 < all.length;
    return `<ListBucketResult>${keys.join('')}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : ''}</ListBucketResult>`;
  }
}

async function world({ keep = '' } = {}) {
  const store = new Store();
  const url = await store.url();
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const { repo } = guardedRepo({
    remote: false,
    hooks: false,
    more: `backups:\n  production:\n    files: [uploads/]\n    encrypt: { to: ["${await identityToRecipient(identity)}"] }\n    identity: BACKUP_IDENTITY\n    destinations: { r2: { s3: "${url}", key: R2_KEY, secret: R2_SECRET, keep: { ${keep} } } }\n`,
  });
  repo.write('.git/info/exclude', 'node_modules\n.backups\nuploads\n');
  repo.write('uploads/a.txt', 'a\n'.repeat(100_000));
  const env = {
    ...hooksApart,
    BACKUP_IDENTITY: identity,
    R2_KEY: 'KEY',
    R2_SECRET: secret,
    XDG_STATE_HOME: folder('state'),
  };
  const place = new Repo(repo.dir, env);
  // The server lives in this process, so the run has to be waited for without blocking it.
  const protectWith = (more: NodeJS.ProcessEnv, ...args: string[]) =>
    new Promise<{ code: number | null; out: string }>((done) => {
      const child = spawn(process.execPath, [join(distFolder, 'cli.js'), ...args], {
        cwd: repo.dir,
        env: environment({ ...env, ...more }),
      });
      let out = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
      child.on('close', (code) => done({ code, out }));
    });
  const protect = (...args: string[]) => protectWith({}, ...args);
  const storage: Storage = {
    name: 'r2',
    destination: { s3: url, key: 'R2_KEY', secret: 'R2_SECRET', region: 'auto', keep: {} },
    key: 'KEY',
    secret,
    topLevel: projectRoot,
    signal: new AbortController().signal,
  };
  return { store, repo: place, protect, protectWith, storage };
}

test('a backup lies there as it is here, is proven from there, and status knows', async () => {
  const { store, repo, protect, storage } = await world();
  const made = await protect('backup', 'create');
  is(made.code, 0, made.out);
  match(made.out, 'r2 holds it too');
  equal(
    (await list(storage)).sort(),
    readdirSync(join(repo.dir, '.backups'))
      .filter((name) => name !== 'ledger.jsonl')
      .sort(),
  );
  for (const [name, { body }] of store.objects)
    ok(body.equals(readFileSync(join(repo.dir, '.backups', name.split('/').at(-1)!))));
  const verified = await protect('backup', 'verify', '--from', 'r2');
  is(verified.code, 0, verified.out);
  match(verified.out, 'from r2: tested');
  const status = await protect('backup', 'status');
  is(status.code, 0, status.out);
  match(status.out, 'holds   r2 holds the newest backup');
  ok(!made.out.includes(secret));
  store.server.close();
});

test('a storage that is overloaded, cuts off or hangs up gets another try; one that refuses does not', async () => {
  const { store, protect } = await world();
  let left = 2;
  store.fault = (request, response) => {
    if (request.method !== 'PUT' || left-- <= 0) return false;
    if (left === 1) request.socket.destroy();
    else {
      request.resume();
      response.writeHead(503).end('<Code>SlowDown</Code>');
    }
    return true;
  };
  const made = await protect('backup', 'create');
  is(made.code, 0, made.out);
  store.fault = (request, response) => {
    request.resume();
    response.writeHead(403).end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
    return true;
  };
  const before = store.seen.length;
  const skewed = await protect('backup', 'create');
  is(skewed.code, 3);
  match(skewed.out, 'r2 refused putting');
  match(skewed.out, "set this machine's clock");
  is(store.seen.length, before + 1);
  store.fault = () => false;
  const status = await protect('backup', 'status');
  match(status.out, 'BROKEN  r2 does not hold the newest backup');
  store.server.close();
});

test('a storage that keeps something else is found out', async () => {
  const { store, protect } = await world();
  store.fault = (request, response) => {
    if (request.method !== 'HEAD') return false;
    response.writeHead(200, { 'content-length': 5, 'x-amz-meta-sha256': 'x' }).end();
    return true;
  };
  const made = await protect('backup', 'create');
  is(made.code, 3);
  match(made.out, 'otherwise than it is here');
  store.fault = () => false;
  is((await protect('backup', 'create')).code, 0);
  for (const object of store.objects.values()) object.body = object.body.subarray(0, -1);
  const cut = await protect('backup', 'verify', '--from', 'r2');
  is(cut.code, 1, cut.out);
  match(cut.out, 'bytes, and was written with');
  store.server.close();
});

test('a list comes by pages, and half of one is none; a token that may not delete is told', async () => {
  const { store, storage } = await world();
  for (const name of ['a&b', 'c d', 'e+f', 'g', 'ü'])
    store.objects.set(`/bucket/shop/${name}`, { body: Buffer.from(name), meta: '' });
  equal((await list(storage)).sort(), ['a&b', 'c d', 'e+f', 'g', 'ü'].sort());
  let pages = 0;
  store.fault = (_, response) => {
    if (++pages < 2) return false;
    response.writeHead(200).end('<ListBucketResult><Contents>');
    return true;
  };
  let said = '';
  try {
    await list(storage);
  } catch (error) {
    said = (error as Error).message;
  }
  match(said, 'refused listing');
  store.fault = (request, response) => {
    if (request.method !== 'DELETE') return false;
    response.writeHead(403).end('<Code>AccessDenied</Code>');
    return true;
  };
  try {
    await remove(storage, 'g');
    said = '';
  } catch (error) {
    said = (error as Error).message;
  }
  is(said, 'r2 refused removing g (403, AccessDenied)');
  ok(store.objects.has('/bucket/shop/g'));
  store.server.close();
});

/** Copies of a backup on the days before it, here and at the destination, as the days would have left them. */
function daysBefore(store: Store, repo: Repo, days: number): string[] {
  const [newest] = readdirSync(join(repo.dir, '.backups')).filter((name) => name.endsWith('.json'));
  const manifest = JSON.parse(readFileSync(join(repo.dir, '.backups', newest!), 'utf8'));
  return Array.from({ length: days }, (_, n) => {
    const at = new Date(Date.now() - (n + 1) * 86_400_000).toISOString();
    const id = manifest.id.replace(/\d{8}T\d{6}Z/, at.replace(/[-:]|\.\d+/g, ''));
    const [part] = manifest.parts;
    const body = readFileSync(join(repo.dir, '.backups', part.file));
    const file = `${id}.tar.gz.age`;
    const other = JSON.stringify({ ...manifest, id, createdAt: at, parts: [{ ...part, file }] });
    store.objects.set(`/bucket/shop/${file}`, { body, meta: part.sha256 });
    store.objects.set(`/bucket/shop/${id}.json`, { body: Buffer.from(other), meta: '' });
    return id;
  });
}

const at = (store: Store) =>
  [...store.objects.keys()]
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice('/bucket/shop/'.length, -5));

test('prune at a destination goes by its own keep, and takes only what a newer one follows that was tested and lies there', async () => {
  const { store, repo, protect } = await world({ keep: 'daily: 2' });
  is((await protect('backup', 'create')).code, 0);
  const old = daysBefore(store, repo, 5);
  store.objects.set('/bucket/shop/other_production_20200101T000000Z.json', { body: Buffer.from('{}'), meta: '' });
  const untested = await protect('backup', 'prune');
  is(untested.code, 0, untested.out);
  match(untested.out, 'no backup was tested yet, so none goes');
  is(at(store).length, 7);
  is((await protect('backup', 'verify')).code, 0);
  const pinned = await protect('backup', 'pin', old[4]!, '--reason', 'x');
  match(pinned.out, 'there is no backup');
  const dry = await protect('backup', 'prune', '--dry-run');
  match(dry.out, /\nr2:\n/);
  match(dry.out, 'would go');
  is(at(store).length, 7);
  // What is tested here lies there cut short: then it is no successor there.
  const newest = at(store).find((id) => !old.includes(id) && !id.startsWith('other'))!;
  const object = store.objects.get(`/bucket/shop/${newest}.tar.gz.age`)!;
  const whole = object.body;
  object.body = whole.subarray(1);
  match((await protect('backup', 'prune')).out, 'no backup was tested yet, so none goes');
  is(at(store).length, 7);
  object.body = whole;
  const gone = await protect('backup', 'prune');
  is(gone.code, 0, gone.out);
  equal(at(store).sort(), [newest, old[0]!, 'other_production_20200101T000000Z'].sort());
  store.server.close();
});

test('a list that fails, is cut or empty removes nothing; a key that may not delete is told in one line', async () => {
  const { store, repo, protect } = await world({ keep: 'daily: 2' });
  is((await protect('backup', 'create')).code, 0);
  is((await protect('backup', 'verify')).code, 0);
  daysBefore(store, repo, 5);
  const lists: readonly (readonly [status: number, body: string, says: string])[] = [
    [500, '', 'refused listing (500)'],
    [403, '<Code>AccessDenied</Code>', 'refused listing (403, AccessDenied)'],
    [200, '<ListBucketResult>', 'refused listing (200)'],
    [
      200,
      '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>',
      'r2 lists no backup, and some were brought',
    ],
    [200, '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>', 'cut its list'],
  ];
  for (const [status, body, says] of lists) {
    store.fault = (request, response) => {
      if (!request.url!.includes('list-type')) return false;
      response.writeHead(status).end(body);
      return true;
    };
    const failed = await protect('backup', 'prune');
    is(failed.code, 3, failed.out);
    match(failed.out, 'nothing was removed at r2');
    match(failed.out, says);
    is(at(store).length, 6);
  }
  store.fault = (request, response) => {
    if (request.method !== 'DELETE') return false;
    response.writeHead(403).end('<Code>AccessDenied</Code>');
    return true;
  };
  const kept = await protect('backup', 'prune');
  is(kept.code, 0, kept.out);
  match(kept.out, 'the key of r2 may not delete, as it should be');
  is(store.seen.filter((line) => line.startsWith('DELETE')).length, 1);
  is(at(store).length, 6);
  store.server.close();
});

test('a wrong secret and a wrong clock are told in one line, and the secret is not', async () => {
  const { store, protectWith, repo } = await world();
  const wrong = await protectWith({ R2_SECRET: 'another-secret-value' }, 'backup', 'create');
  is(wrong.code, 3, wrong.out);
  match(wrong.out, /r2 refused putting \S+ \(403, SignatureDoesNotMatch\)/);
  ok(!wrong.out.includes('secret-value'));
  const file = join(folder('preload'), 'first.mjs');
  writeFileSync(
    file,
    `const real = Date; const later = () => real.now() + 3_600_000;\nglobalThis.Date = class extends real { constructor(...a) { if (a.length === 0) super(later()); else super(...a); } static now() { return later(); } };\n`,
  );
  const skewed = await protectWith({ NODE_OPTIONS: `--import ${file}` }, 'backup', 'create');
  is(skewed.code, 3, skewed.out);
  match(skewed.out, "help: set this machine's clock");
  is(store.objects.size, 0);
  is(readdirSync(join(repo.dir, '.backups')).filter((name) => name.endsWith('.json')).length, 2, 'here they stay');
  const unset = await protectWith({ R2_SECRET: '' }, 'backup', 'create');
  is(unset.code, 3);
  match(unset.out, 'R2_SECRET is not set, so r2 cannot be reached');
  store.server.close();
});
