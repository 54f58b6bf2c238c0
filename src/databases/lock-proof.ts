import { randomBytes } from 'node:crypto';
import type { Session } from './session.ts';

/**
 * Do two sessions reach one running database? A lock of a random name is held through one of them and tried through the
 * other: no name, socket, tunnel or pooler between them changes the answer. On MySQL and MariaDB locks are the server's.
 */
export async function sharesLocks(held: Session, tried: Session): Promise<boolean> {
  return held.target.engine === 'postgres' ? sharesAdvisory(held, tried) : sharesNamed(held, tried);
}

async function sharesAdvisory(held: Session, tried: Session): Promise<boolean> {
  const key = (randomBytes(8).readBigUInt64BE() >> 8n).toString();
  await held.query('begin');
  try {
    await held.query(`select pg_advisory_xact_lock(${key})`);
    const [row] = await tried.query(`select pg_try_advisory_xact_lock(${key}) as taken`);
    return row?.['taken'] !== true;
  } finally {
    await held.query('rollback');
  }
}

async function sharesNamed(held: Session, tried: Session): Promise<boolean> {
  const name = `git-protect-${randomBytes(8).toString('hex')}`;
  await held.query(`select get_lock('${name}', 0)`);
  try {
    const [row] = await tried.query(`select get_lock('${name}', 0) as taken`);
    const taken = String(row?.['taken']) === '1';
    if (taken) await tried.query(`select release_lock('${name}')`);
    return !taken;
  } finally {
    await held.query(`select release_lock('${name}')`);
  }
}
