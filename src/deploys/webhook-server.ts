import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fits } from '../readers/variables/fingerprint.ts';
import { type Answer, lengthOf, readBody } from './webhook-body.ts';
import { Rate } from './webhook-rate.ts';
import { markOf } from './webhook-signature.ts';

/** The name that a token's fingerprint is made with. */
export const triggerVariable = 'BACKUP_TRIGGER';

/** What the server is told, and whom it tells. */
export interface Webhook {
  /** The signature of a push must be by one of them. */
  readonly secrets: readonly Buffer[];
  /** Was a signature with this mark taken already? */
  knows(mark: string): boolean;
  /** Takes the wish to look for something new; it and the mark are on disk before it returns. */
  wishDeploy(mark: string): void;
  /** Takes the wish for a backup. @returns false where one is being made */
  wishBackup(name: string): boolean;
  /** The environment of backups that may be triggered, and the fingerprint of its token. @param named null: the only one */
  trigger(named: string | null): Promise<{ readonly name: string; readonly fingerprint: string } | null>;
  /** Does it end? Then nothing is taken any more. */
  ends(): boolean;
  /** One line a request; it holds nothing that came with it. */
  log(line: string): void;
}

type Route = { readonly kind: 'deploy' } | { readonly kind: 'backup'; readonly name: string | null };

/** A server that takes wishes: `POST /deploy`, signed as GitHub does it, and `POST /backup` with a token. */
export function webhookServer(webhook: Webhook): Server {
  const door = new Door(webhook);
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    (request, response) => void door.take(request, response),
  );
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
    webhook.log(`not a request that can be read: ${status.slice(0, 3)}`);
    if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroySoon();
  });
  return server;
}

class Door {
  readonly #webhook: Webhook;
  readonly #requests = new Rate(60, 1_000);
  // A guess costs 32 MiB and 70 ms.
  readonly #tokens = new Rate(5, 12_000);
  #isWeighing = false;

  constructor(webhook: Webhook) {
    this.#webhook = webhook;
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { remoteAddress } = request.socket;
    let answer: Answer;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      // Its message may hold what came.
      const { code, name } = error as NodeJS.ErrnoException;
      this.#webhook.log(`it could not be judged or remembered: ${code ?? name}`);
      answer = { status: 503, words: 'nothing was taken' };
    }
    const { status, words, headers } = answer;
    this.#webhook.log(`${said(request)} from ${remoteAddress ?? 'nobody'}: ${status} ${words}`);
    if (response.destroyed) return;
    const text = `${words}\n`;
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      connection: 'close',
      ...headers,
    });
    response.end(text);
    finish(request);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const address = request.socket.remoteAddress ?? '';
    if (!this.#requests.take(address, performance.now()))
      return { status: 429, words: 'too many at once', headers: { 'retry-after': '60' } };
    const route = routeOf(request);
    if (route === null) return { status: 404, words: 'there is nothing here' };
    if (request.method !== 'POST') return { status: 405, words: 'POST alone', headers: { allow: 'POST' } };
    if (this.#webhook.ends()) return { status: 503, words: 'shutting down; no new requests are accepted' };
    return route.kind === 'deploy' ? this.#deploy(request) : this.#backup(request, route.name, address);
  }

  async #deploy(request: IncomingMessage): Promise<Answer> {
    const length = lengthOf(request);
    if (typeof length !== 'number') return length;
    const unsigned = { status: 401, words: 'the signature is missing or wrong' };
    const signature = request.headers['x-hub-signature-256'];
    if (typeof signature !== 'string') return unsigned;
    const body = await readBody(request, length);
    if (!Buffer.isBuffer(body)) return body;
    const mark = markOf(signature, body, this.#webhook.secrets);
    if (mark === null) return unsigned;
    const event = request.headers['x-github-event'] ?? 'push';
    if (event !== 'push') return { status: 200, words: 'well signed, and no push: there is nothing to do' };
    if (this.#webhook.knows(mark)) return { status: 200, words: 'already known' };
    if (this.#webhook.ends()) return { status: 503, words: 'shutting down; no new requests are accepted' };
    this.#webhook.wishDeploy(mark);
    return { status: 202, words: 'taken: it looks for something new' };
  }

  async #backup(request: IncomingMessage, named: string | null, address: string): Promise<Answer> {
    const closed = { status: 401, words: 'the token is missing or wrong', headers: { 'www-authenticate': 'Bearer' } };
    const token = /^Bearer ([\x21-\x7e]{16,512})$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return closed;
    if (this.#isWeighing || !this.#tokens.take(address, performance.now()))
      return { status: 429, words: 'too many tokens at once', headers: { 'retry-after': '60' } };
    this.#isWeighing = true;
    try {
      const trigger = await this.#webhook.trigger(named);
      if (trigger === null) return { status: 404, words: 'the policy lets no such backup be triggered' };
      if (!(await fits(trigger.fingerprint, triggerVariable, token))) return closed;
      if (this.#webhook.ends()) return { status: 503, words: 'shutting down; no new requests are accepted' };
      return this.#webhook.wishBackup(trigger.name)
        ? { status: 202, words: 'taken: a backup is made' }
        : { status: 409, words: 'a backup is being made already' };
    } finally {
      this.#isWeighing = false;
    }
  }
}

/** `/deploy`, `/backup`, `/backup/NAME`. */
function routeOf({ url = '' }: IncomingMessage): Route | null {
  const path = url.split('?', 1)[0]!;
  if (path === '/deploy') return { kind: 'deploy' };
  const match = /^\/backup(?:\/([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?$/.exec(path);
  return match === null ? null : { kind: 'backup', name: match[1] ?? null };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What was asked, in words of our own: a query, or a path that nobody expects, may be a secret. */
function said(request: IncomingMessage): string {
  const method = methods.has(request.method ?? '') ? request.method : 'another method';
  const route = routeOf(request);
  return `${method} ${route === null ? 'another path' : `/${route.kind}`}`;
}

/** Whoever still sends gets a moment to read the answer, and no more. */
function finish(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.removeAllListeners('data');
  request.resume();
  setTimeout(() => request.socket.destroy(), 1_000).unref();
}
