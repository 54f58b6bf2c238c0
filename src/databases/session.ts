import { Undecided } from '../model/index.ts';
import { shownTarget, type Target } from './target.ts';

export type Row = Readonly<Record<string, unknown>>;

/** One connection to a database. It is never made anew by itself: what was said in a transaction would be lost. */
export interface Session {
  readonly target: Target;
  /** @throws DriverFault */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** What a database or its driver said, by its code alone: its texts hold URLs and rows. */
export class DriverFault extends Undecided {
  constructor(
    target: Target,
    readonly code: string,
  ) {
    super(`${shownTarget(target)} (${target.variable}): ${sentenceOf(code)}`);
  }
}

/** The code of what a database refused; null for any other error. */
export function codeOf(error: unknown): string | null {
  return error instanceof Undecided && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

const sentences: readonly (readonly [RegExp, string])[] = [
  [/^(?:28P01|28000|1045|1698|ER_ACCESS_DENIED_ERROR)$/, 'it refuses the user and its password'],
  [/^(?:3D000|1049)$/, 'there is no such database'],
  [/^(?:42501|1044|1142|1143|1227|1370)$/, 'the user lacks a right that this needs'],
  [/^(?:53300|1040|1203)$/, 'it has no connection left'],
  [/^(?:57P03)$/, 'it is starting or stopping'],
  [
    /^(?:57P01|57P02|CONNECTION_CLOSED|CONNECTION_ENDED|CONNECTION_DESTROYED|PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE)$/,
    'the connection was lost in the middle',
  ],
  [/^(?:57014|55P03|1205|3024|1969)$/, 'it took too long'],
  [/^(?:CONNECT_TIMEOUT|ETIMEDOUT|NO_ANSWER)$/, 'there is no answer'],
  [/^(?:ECONNREFUSED|ENOENT)$/, 'nothing listens there'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'the name of the host is not known'],
  [/^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS_CERT|HANDSHAKE_SSL_ERROR)/, 'its certificate is not trusted'],
  [/^(?:SSL_NOT_OFFERED|HANDSHAKE_NO_SSL_SUPPORT)$/, 'it offers no TLS, which the URL demands'],
];

function sentenceOf(code: string): string {
  const said = sentences.find(([pattern]) => pattern.test(code))?.[1];
  return said === undefined ? `it answers with error ${code}` : `${said} (${code})`;
}

/** Milliseconds for connecting, and for any question that looks at no rows. */
export const patience = 15_000;

/**
 * Waits for a driver, and turns what it throws into a code.
 * @param within milliseconds; then the connection is given up, because a server that hangs never answers
 */
export async function answered<T>(target: Target, within: number, work: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      giveUp();
      fail(Object.assign(new Error(), { code: 'NO_ANSWER' }));
    }, within);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    // The driver's own error must not get out: its message and fields hold what was asked and answered.
    const { code, errno } = error as { code?: unknown; errno?: unknown };
    const said = typeof errno === 'number' && errno >= 1000 ? String(errno) : code;
    throw new DriverFault(target, typeof said === 'string' && /^[A-Z0-9_]{1,60}$/.test(said) ? said : 'UNKNOWN');
  } finally {
    clearTimeout(timer);
    // Where it was given up that has been told, and its own end tells nobody anything.
    void Promise.allSettled([work]);
  }
}
