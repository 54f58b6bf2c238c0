import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import type { ShownCertificates } from '../model/deployment.ts';
import { sentenceOf } from './http.ts';

/** Certificates of a chain that are looked at. */
const longestChain = 10;

/**
 * Asks a server for its certificates by TLS. No proxy is used, and no variable of the environment can turn the check off:
 * what is wrong is told, not thrown.
 * @param within milliseconds for name, connection and handshake
 * @throws Error with a plain sentence when it shows none
 */
export function certificates(
  host: string,
  port: number,
  within: number,
  signal: AbortSignal,
): Promise<ShownCertificates> {
  return new Promise((done, fail) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...name, rejectUnauthorized: false });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      settle();
      socket.destroy();
    };
    const refuse = (sentence: string) => end(() => fail(new Error(sentence)));
    const interrupt = () => refuse('it was interrupted');
    const timer = setTimeout(() => refuse(`no answer within ${within / 1000} s`), within);
    socket.on('error', (error) => refuse(sentenceOf(error)));
    socket.once('close', () => refuse('the connection was dropped'));
    socket.once('secureConnect', () => {
      const fault = socket.authorized ? null : faultOf(socket.authorizationError);
      end(() => done({ fault, chain: chainOf(socket.getPeerCertificate(true)) }));
    });
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  });
}

/** Node gives a code here, whatever its type says. */
function faultOf(error: unknown): string {
  if (error instanceof Error) return sentenceOf(error);
  return sentenceOf(Object.assign(new Error(String(error)), { code: String(error) }));
}

/** Its own first; an authority that signs itself ends it, and is this machine's business. */
function chainOf(first: DetailedPeerCertificate): ShownCertificates['chain'] {
  const chain: ShownCertificates['chain'][number][] = [];
  let at: DetailedPeerCertificate | undefined = first;
  while (at?.valid_to !== undefined && chain.length < longestChain) {
    const above: DetailedPeerCertificate | undefined = at.issuerCertificate;
    const isRoot: boolean = above === undefined || above.fingerprint256 === at.fingerprint256;
    if (!isRoot || chain.length === 0)
      chain.push({ subject: subjectOf(at), from: Date.parse(at.valid_from), to: Date.parse(at.valid_to) });
    at = isRoot ? undefined : above;
  }
  return chain;
}

function subjectOf({ subject }: DetailedPeerCertificate): string {
  const { CN, O } = subject as { CN?: string | string[]; O?: string | string[] };
  return String([CN ?? O ?? 'an authority without a name'].flat()[0]).slice(0, 80);
}
