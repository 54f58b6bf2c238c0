import { parsePublicKey } from '../approvals/public-key.ts';
import { nearest } from '../words/nearest.ts';
import type { RawPolicy, Tell } from './raw.ts';

/** Checks what belongs together within `backups:`. */
export function crossCheckBackups({ backups, databases, owners }: RawPolicy, tell: Tell): void {
  for (const [name, backup] of Object.entries(backups)) {
    const path = `backups.${name}`;
    if (backup.database === undefined && backup.files.length === 0)
      tell(path, "backs nothing up; name a 'database:' or 'files:'");
    for (const key of ['database', 'restoreInto'] as const) {
      const named = backup[key];
      if (named === undefined || Object.hasOwn(databases, named)) continue;
      if (key === 'restoreInto' && named === 'local') continue;
      const meant = nearest(named, Object.keys(databases));
      tell(`${path}.${key}`, `'${named}' is not under databases:${meant ? `; did you mean '${meant}'?` : ''}`);
    }
    const isLocal = backup.restoreInto === 'local' && !Object.hasOwn(databases, 'local');
    if (backup.restoreInto !== undefined && !isLocal && databases[backup.restoreInto]?.disposable !== true)
      tell(`${path}.restoreInto`, 'restores are tried on a disposable one alone');
    const signer = backup.sign === undefined ? null : parsePublicKey(backup.sign.by);
    if (typeof signer === 'string') tell(`${path}.sign.by`, signer);
    for (const [index, file] of backup.files.entries())
      if (file.startsWith('/') || file.split('/').includes('..'))
        tell(`${path}.files[${index}]`, 'leads out of the repository');
    for (const [index, to] of backup.encrypt.to.entries())
      if (to !== 'owners' && !/^age1[a-z0-9]+$/.test(to) && !/^ssh-ed25519 [A-Za-z0-9+/]+=*/.test(to))
        tell(`${path}.encrypt.to[${index}]`, "expected owners, an ssh-ed25519 key, or 'age1…'");
    const keys = Object.values(owners).flatMap((owner) => owner.keys);
    if (backup.encrypt.to.every((to) => to === 'owners') && !keys.some(({ type }) => type === 'ssh-ed25519'))
      tell(
        `${path}.encrypt.to`,
        "no owner has an ssh-ed25519 key, so nobody could open it; add a key of age ('age1…')",
      );
  }
}
