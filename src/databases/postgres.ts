import { createConnection, isIP } from 'node:net';
import { checkServerIdentity as compareIdentity, type PeerCertificate } from 'node:tls';
import type { Options, PostgresType } from 'postgres';
import { loadDriver } from './driver.ts';
import { answered, DriverFault, patience, type Row, type Session } from './session.ts';
import type { Target, Tls } from './target.ts';

/**
 * Connects to PostgreSQL by the parts of the URL: the driver never sees the URL, nor what the environment says besides.
 * @throws DriverFault when it cannot
 */
export async function connectPostgres(target: Target, topLevel: string): Promise<Session> {
  const loaded = await loadDriver('postgres', topLevel, () => import('postgres'));
  let lost = false;
  const sql = loaded.default(
    optionsOf(target, () => {
      lost = true;
    }),
  );
  const giveUp = () => void sql.end({ timeout: 0 });
  const query = async (text: string, values: readonly unknown[], within: number) => {
    // The driver would connect anew, outside of the transaction that this was said in.
    if (lost)
      return answered(
        target,
        patience,
        Promise.reject(Object.assign(new Error(), { code: 'CONNECTION_CLOSED' })),
        giveUp,
      );
    return answered(
      target,
      within,
      sql.unsafe(text, values.map(written) as never[]).then((rows) => [...rows] as Row[]),
      giveUp,
    );
  };
  const session: Session = {
    target,
    query: (text, values = []) => query(text, values, longest),
    close: async () => {
      await answered(target, patience, sql.end({ timeout: 2 }), () => {});
    },
  };
  try {
    await query('select 1', [], patience);
  } catch (error) {
    giveUp();
    if (target.tls.mode !== 'off' && target.tls.mode !== 'prefer' && (await refusesTls(target)))
      throw new DriverFault(target, 'SSL_NOT_OFFERED');
    throw error;
  }
  return session;
}

/**
 * Does a server say that it has no TLS? The driver begins the handshake all the same, and tells of a connection that was lost.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
async function refusesTls({ host, port }: Target): Promise<boolean> {
  const socket = host.startsWith('/') ? createConnection(`${host}/.s.PGSQL.${port}`) : createConnection(port, host);
  try {
    return await new Promise<boolean>((done) => {
      socket.setTimeout(patience, () => done(false));
      socket.on('error', () => done(false));
      socket.on('close', () => done(false));
      socket.once('data', (answer) => done(answer[0] === 'N'.charCodeAt(0)));
      socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    });
  } finally {
    socket.destroy();
  }
}

/** A list as an array of PostgreSQL: the driver knows arrays only by types that it would have to ask for. */
function written(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return `{${value.map((one) => `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** Milliseconds that one statement may take: a fingerprint of a large table. */
const longest = 6 * 3_600_000;

function optionsOf(target: Target, closed: () => void): Options<Record<string, PostgresType>> {
  const socket = target.host.startsWith('/') ? { path: `${target.host}/.s.PGSQL.${target.port}` } : {};
  return {
    // As lists, or an address of IPv6 would be taken apart at its colons.
    host: [target.host] as unknown as string,
    port: [target.port] as unknown as number,
    ...socket,
    user: target.user,
    database: target.database,
    // A function, or an empty one would be taken from PGPASSWORD.
    password: () => target.password,
    ssl: tlsOf(target.tls, target.host),
    max: 1,
    prepare: false,
    fetch_types: false,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: patience / 1000,
    connection: { application_name: 'git-protect' },
    onnotice: () => {},
    onclose: closed,
  };
}

function tlsOf(tls: Tls, host: string): false | 'prefer' | object {
  if (tls.mode === 'off') return false;
  if (tls.mode === 'prefer') return 'prefer';
  if (tls.mode === 'require') return { rejectUnauthorized: false };
  const ca = 'ca' in tls && tls.ca !== null ? { ca: tls.ca } : {};
  // An address goes into no handshake as a name; and without a name Node would compare with 'localhost'.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const checkServerIdentity = (_: string, peer: PeerCertificate) =>
    tls.mode === 'verify-ca' ? undefined : compareIdentity(host, peer);
  return { rejectUnauthorized: true, ...ca, ...name, checkServerIdentity };
}
