import { nearest } from '../words/nearest.ts';
import { type RawPolicy, readMay, type Tell } from './raw.ts';

/** Checks what belongs together within `databases:`. */
export function crossCheckDatabases({ databases }: RawPolicy, tell: Tell): void {
  const names = Object.keys(databases);
  const known = (name: string, path: string) => {
    if (Object.hasOwn(databases, name)) return;
    const meant = nearest(name, names);
    tell(path, `'${name}' is not under databases:${meant ? `; did you mean '${meant}'?` : ''}`);
  };
  for (const [name, database] of Object.entries(databases)) {
    const path = `databases.${name}`;
    for (const [role, { may }] of Object.entries(database.roles))
      if (readMay(may) === null)
        tell(`${path}.roles.${role}.may`, 'expected migrate, or a list of select, insert, update and delete');
    for (const [index, { role }] of database.accept.entries())
      if (!Object.hasOwn(database.roles, role)) tell(`${path}.accept[${index}].role`, `'${role}' is not under roles:`);
    if (database.reseed) known(database.reseed.from, `${path}.reseed.from`);
    if (database.copyOf !== undefined) known(database.copyOf, `${path}.copyOf`);
    if (database.reseed?.from === name) tell(`${path}.reseed.from`, 'is the database itself');
    if (database.disposable) continue;
    for (const key of ['name', 'copyOf', 'reseed'] as const)
      if (database[key] !== undefined) tell(`${path}.${key}`, "is of a disposable one; add 'disposable: true'");
    if (database.sameServer === 'allow') tell(`${path}.sameServer`, "is of a disposable one; add 'disposable: true'");
    if (Object.keys(database.env).length > 0) tell(`${path}.env`, "is of a disposable one; add 'disposable: true'");
  }
}
