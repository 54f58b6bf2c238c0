import type { ConnectionOptions } from 'mysql2/promise';
import { loadDriver } from './driver.ts';
import { answered, patience, type Row, type Session } from './session.ts';
import type { Target, Tls } from './target.ts';

/** Milliseconds that one statement may take. */
const longest = 6 * 3_600_000;

/** Connects to MySQL, MariaDB or TiDB by the parts of the URL. @throws DriverFault when it cannot */
export async function connectMysql(target: Target, topLevel: string): Promise<Session> {
  const loaded = await loadDriver('mysql2/promise', topLevel, () => import('mysql2/promise'));
  const opening = loaded.createConnection(optionsOf(target));
  const connection = await answered(target, patience, opening, () => {
    // That it took too long has been said; what comes after all is let go.
    void Promise.allSettled([opening]).then(([late]) => late.status === 'fulfilled' && late.value.destroy());
  });
  connection.on('error', () => {}); // The next question says it by its code.
  return {
    target,
    query: async (text, values = []) => {
      const [rows] = await answered(target, longest, connection.query(text, [...values]), () => connection.destroy());
      return Array.isArray(rows) ? (rows as Row[]) : [];
    },
    close: async () => {
      // One that was lost cannot say goodbye; whatever it was asked before has been answered, or told.
      const goodbye = answered(target, patience, connection.end(), () => connection.destroy());
      const [ended] = await Promise.allSettled([goodbye]);
      if (ended.status === 'rejected') connection.destroy();
    },
  };
}

function optionsOf(target: Target): ConnectionOptions {
  const socket = target.host.startsWith('/') ? { socketPath: target.host } : { host: target.host, port: target.port };
  return {
    ...socket,
    user: target.user,
    password: target.password,
    database: target.database,
    connectTimeout: patience,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    multipleStatements: false,
    charset: 'utf8mb4',
    flags: ['-LOCAL_FILES'],
    ...tlsOf(target.tls),
  };
}

function tlsOf(tls: Tls): Pick<ConnectionOptions, 'ssl'> {
  if (tls.mode === 'off' || tls.mode === 'prefer') return {};
  if (tls.mode === 'require') return { ssl: { rejectUnauthorized: false } };
  const ca = 'ca' in tls && tls.ca !== null ? { ca: tls.ca } : {};
  return { ssl: { rejectUnauthorized: true, verifyIdentity: tls.mode === 'verify-full', ...ca } };
}
