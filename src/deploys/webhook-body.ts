import type { IncomingMessage } from 'node:http';

/** The most that a body may have, in bytes; GitHub's own limit is far above what a push needs. */
export const longestBody = 1 << 20;
/** Milliseconds for all of it. */
const within = 5_000;

/** What is said to whoever asked. */
export interface Answer {
  readonly status: number;
  readonly words: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long the body is; an answer where it cannot be told, or is too long. */
export function lengthOf({ headers }: IncomingMessage): number | Answer {
  const said = headers['content-length'];
  if (headers['transfer-encoding'] !== undefined || said === undefined)
    return { status: 411, words: 'Content-Length is missing' };
  if (!/^\d{1,15}$/.test(said)) return { status: 400, words: 'Content-Length is not a number' };
  const length = Number(said);
  return length <= longestBody ? length : { status: 413, words: `more than ${longestBody} bytes` };
}

/** Reads exactly so many bytes; an answer where they do not come, or not in time. */
export function readBody(request: IncomingMessage, length: number): Promise<Buffer | Answer> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    const end = (result: Buffer | Answer) => {
      clearTimeout(timer);
      done(result);
    };
    const timer = setTimeout(() => end({ status: 408, words: 'the body takes too long' }), within);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      end(body.length === length ? body : { status: 400, words: 'the body is not as long as it says' });
    });
    const cutOff = () => end({ status: 400, words: 'the body was cut off' });
    request.on('error', cutOff);
    request.on('close', cutOff);
  });
}
