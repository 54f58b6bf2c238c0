import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { loadDriver } from '../databases/driver.ts';
import { type BackupDestination, Undecided } from '../model/index.ts';

/** A storage that speaks S3: endpoint, bucket and prefix, and who we are there. */
export interface Storage {
  readonly name: string;
  readonly destination: BackupDestination;
  readonly key: string;
  readonly secret: string;
  readonly topLevel: string;
  readonly signal: AbortSignal;
}

/** Milliseconds without a byte, and before another try. */
const patience = 60_000;
const pause = 1_000;
const tries = 3;

/** The sha256 of nothing. */
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Puts a file there, and asks what lies there then. A try that fails starts anew, with all of the file.
 * @throws Undecided when it is not there as it is here
 */
export async function put(
  storage: Storage,
  name: string,
  file: string,
  { bytes, sha256 }: { bytes: number; sha256: string },
): Promise<void> {
  const headers = { 'content-length': String(bytes), 'x-amz-meta-sha256': sha256 };
  const taken = await retried(() => send(storage, 'PUT', name, { headers, sha256, file }));
  if (taken.status !== 200) throw refused(storage, `putting ${name}`, taken);
  if (!(await holds(storage, name, { bytes, sha256 })))
    throw new Undecided(`${storage.name} holds ${name} otherwise than it is here`);
}

/** Does a file lie there as it was put? By its size and the digest that it was taken with. @throws Undecided when that is not told */
export async function holds(
  storage: Storage,
  name: string,
  { bytes, sha256 }: { bytes: number; sha256: string },
): Promise<boolean> {
  const there = await retried(() => send(storage, 'HEAD', name, { headers: {}, sha256: empty }));
  if (there.status === 404) return false;
  if (there.status !== 200) throw refused(storage, `looking at ${name}`, there);
  return there.headers['content-length'] === String(bytes) && there.headers['x-amz-meta-sha256'] === sha256;
}

/** Hands on a file that lies there. @throws Undecided when it does not */
export async function get<T>(storage: Storage, name: string, use: (body: IncomingMessage) => Promise<T>): Promise<T> {
  const answer = await ask(storage, 'GET', name, { headers: {}, sha256: empty });
  if (answer.statusCode !== 200) throw refused(storage, `getting ${name}`, await whole(answer));
  return use(answer);
}

/**
 * All names there, page by page.
 * @throws Undecided when a page cannot be read: half a list is none
 */
export async function list(storage: Storage): Promise<string[]> {
  const names: string[] = [];
  const { prefix } = place(storage);
  for (let token: string | null = ''; token !== null; ) {
    const query = new URLSearchParams({
      'list-type': '2',
      prefix,
      ...(token === '' ? {} : { 'continuation-token': token }),
    });
    const answer = await retried(() => send(storage, 'GET', null, { headers: {}, sha256: empty, query }));
    if (answer.status !== 200 || !answer.body.includes('</ListBucketResult>'))
      throw refused(storage, 'listing', answer);
    for (const [, key] of answer.body.matchAll(/<Key>([^<]*)<\/Key>/g))
      names.push(unescaped(key!).slice(prefix.length));
    token = /<IsTruncated>true</.test(answer.body)
      ? unescaped(/<NextContinuationToken>([^<]+)</.exec(answer.body)?.[1] ?? '')
      : null;
    if (token === '') throw new Undecided(`${storage.name} cut its list and does not say how it goes on`);
  }
  return names;
}

/** Takes a file away there. @throws Undecided when that is refused, as a token that may not delete is */
export async function remove(storage: Storage, name: string): Promise<void> {
  const answer = await retried(() => send(storage, 'DELETE', name, { headers: {}, sha256: empty }));
  if (answer.status !== 204 && answer.status !== 200) throw refused(storage, `removing ${name}`, answer);
}

const unescaped = (text: string) =>
  text.replace(
    /&(lt|gt|quot|apos|amp);/g,
    (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name]!,
  );

function place({ destination }: Storage): { base: string; prefix: string } {
  const url = new URL(destination.s3);
  const [bucket = '', ...rest] = url.pathname.replace(/^\/+|\/+$/g, '').split('/');
  const prefix = rest.length === 0 ? '' : `${rest.join('/')}/`;
  return { base: `${url.origin}/${bucket}`, prefix };
}

interface Order {
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body. */
  readonly sha256: string;
  readonly file?: string;
  readonly query?: URLSearchParams;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function send(storage: Storage, method: string, name: string | null, order: Order): Promise<Answer> {
  return whole(await ask(storage, method, name, order));
}

async function whole(answer: IncomingMessage): Promise<Answer> {
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    body += chunk;
    if (body.length > 16 << 20) throw new Undecided('the storage answers more than 16 MB');
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

async function ask(
  storage: Storage,
  method: string,
  name: string | null,
  { headers, sha256, file, query }: Order,
): Promise<IncomingMessage> {
  const { AwsV4Signer } = await loadDriver('aws4fetch', storage.topLevel, () => import('aws4fetch'));
  const { base, prefix } = place(storage);
  const path =
    name === null
      ? ''
      : `/${[...(prefix + name)].map((char) => (char === '/' ? char : encodeURIComponent(char))).join('')}`;
  const url = `${base}${path}${query ? `?${query}` : ''}`;
  const signed = await new AwsV4Signer({
    method,
    url,
    headers: { ...headers, 'x-amz-content-sha256': sha256 },
    accessKeyId: storage.key,
    secretAccessKey: storage.secret,
    region: storage.destination.region,
    service: 's3',
    allHeaders: false,
  }).sign();
  const start = signed.url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((done, fail) => {
    const request = start(signed.url, {
      method,
      headers: { ...Object.fromEntries(signed.headers), ...headers },
      signal: storage.signal,
    });
    request.setTimeout(patience, () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('response', done);
    request.on('error', fail);
    if (file === undefined) return void request.end();
    const stream = createReadStream(file);
    stream.on('error', (error) => request.destroy(error));
    stream.pipe(request);
  });
}

/** A server that is overloaded, or a connection that breaks, gets another try; what is refused does not. */
async function retried(act: () => Promise<Answer>): Promise<Answer> {
  for (let n = 1; ; n++) {
    try {
      const answer = await act();
      if (n >= tries || answer.status < 500) return answer;
    } catch (error) {
      if (n >= tries || error instanceof Undecided) throw connection(error);
    }
    await new Promise((done) => setTimeout(done, pause * n));
  }
}

function connection(error: unknown): Error {
  if (error instanceof Undecided) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new Undecided(`the storage cannot be reached (${code ?? 'no code'})`, 'try again; what is here stays');
}

/** A storage that was reached, and says no. */
export class StorageRefused extends Undecided {
  constructor(
    readonly status: number,
    message: string,
    help?: string,
  ) {
    super(message, help);
  }
}

function refused({ name }: Storage, what: string, { status, body }: Answer): StorageRefused {
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1];
  const help =
    code === 'RequestTimeTooSkewed'
      ? "set this machine's clock"
      : status === 403
        ? 'look at what the key may do there: it needs to put, list and read, and need not delete'
        : undefined;
  return new StorageRefused(status, `${name} refused ${what} (${status}${code ? `, ${code}` : ''})`, help);
}
