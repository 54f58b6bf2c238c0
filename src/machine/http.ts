import { type ClientRequest, Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import type { HttpAnswer } from '../model/deployment.ts';

/** The most of an answer that is read, in bytes. */
const longestAnswer = 1 << 20;
/** What a timer can wait for. */
const longestWait = 2 ** 31 - 1;

const headers = {
  accept: 'application/json, */*;q=0.5',
  'accept-encoding': 'identity',
  'cache-control': 'no-cache',
  'user-agent': 'git-protect',
};

/**
 * Asks by GET. Redirects are not followed, no proxy is used, and no variable of the environment can turn the check of
 * certificates off.
 * @param within milliseconds for all of it: name, connection, headers and the last byte
 * @throws Error with a plain sentence when there is no whole answer
 */
export function get(url: string, within: number, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((done, fail) => {
    let request: ClientRequest | undefined;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      settle();
      request?.destroy();
    };
    const refuse = (sentence: string) => end(() => fail(new Error(sentence)));
    const interrupt = () => refuse('it was interrupted');
    const timer = setTimeout(() => refuse(`no whole answer within ${within / 1000} s`), Math.min(within, longestWait));
    if (signal.aborted) return interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    const answered = (answer: IncomingMessage) => {
      readBody(answer).then(
        (body) => end(() => done({ status: answer.statusCode ?? 0, location: answer.headers.location ?? null, body })),
        (error: Error) => refuse(error instanceof TooLong ? error.message : sentenceOf(error)),
      );
    };
    try {
      request = new URL(url).protocol === 'https:' ? overTls(url, answered) : overHttp(url, answered);
      request.on('error', (error) => refuse(sentenceOf(error)));
    } catch (error) {
      refuse(sentenceOf(error as Error));
    }
  });
}

// An agent of its own for each: no socket stays open, and the global one may have been given a proxy.
function overHttp(url: string, answered: (answer: IncomingMessage) => void): ClientRequest {
  return httpGet(url, { headers, agent: new HttpAgent({ keepAlive: false }) }, answered);
}

function overTls(url: string, answered: (answer: IncomingMessage) => void): ClientRequest {
  const agent = new HttpsAgent({ keepAlive: false, rejectUnauthorized: true });
  return httpsGet(url, { headers, agent, rejectUnauthorized: true }, answered);
}

class TooLong extends Error {}

async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestAnswer) throw new TooLong(`it answers with more than ${longestAnswer >> 20} MiB`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** By the code of the error: from the system, from OpenSSL or from Node's HTTP parser. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there'],
  [/^ENOTFOUND$/, 'the name of the host is not known'],
  [/^EAI_/, 'the name of the host cannot be looked up now'],
  [/^(?:ECONNRESET|ECONNABORTED|EPIPE)$/, 'the connection was dropped before the answer was whole'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/, 'the host cannot be reached'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet'],
  [/^ERR_TLS_CERT_ALTNAME/, 'its certificate is for another host'],
  [/SELF_SIGNED/, 'its certificate is signed by itself'],
  [/^(?:UNABLE_TO|CERT_|INVALID_CA|HOSTNAME_MISMATCH)/, 'its certificate cannot be trusted'],
  [/^(?:EPROTO|ERR_SSL_|ERR_TLS_)/, 'it does not speak TLS as it should'],
  [/^HPE_HEADER_OVERFLOW$/, 'its headers are too long'],
  [/^HPE_/, 'it does not speak HTTP as it should'],
];

/** What an error of a connection means, by its code. */
export function sentenceOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  const { code = '', message } = (first ?? error) as NodeJS.ErrnoException;
  if (message === 'aborted') return 'the connection was dropped before the answer was whole';
  return sentences.find(([form]) => form.test(code))?.[1] ?? `it cannot be asked (${code || message})`;
}
