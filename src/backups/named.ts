import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openRunFile, Undecided } from '../model/index.ts';
import { type BackupPlace, lockFile } from './place.ts';

/** Names of backups within a text. */
const ids = /[a-z0-9][a-z0-9-]{0,63}_[a-z0-9-]{1,32}(?:_\d{1,10})?_\d{8}T\d{6}Z(?:-\d{1,3})?/g;

/**
 * Backups that somebody counts on who has not said so here: those that the open run of this clone or the last deploy names.
 * @returns by id the reason why it stays
 * @throws Undecided when it cannot be told
 */
export async function namedElsewhere(place: BackupPlace): Promise<ReadonlyMap<string, string>> {
  const named = new Map<string, string>();
  for (const id of idsIn(place, await textOf(await lastDeploy(place)))) named.set(id, 'the last deploy names it');
  for (const id of idsIn(place, await textOf(join(place.commonDir, openRunFile))))
    named.set(id, 'an open run names it (npx git-protect db status)');
  return named;
}

const idsIn = ({ name }: BackupPlace, text: string) =>
  (text.match(ids) ?? []).filter((id) => id.split('_')[1] === name);

/** The newest journal of a deploy that names a backup of this environment; null: none does. */
async function lastDeploy(place: BackupPlace): Promise<string | null> {
  const folder = join(dirname(lockFile(place)), 'deploys');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Undecided(`${folder} cannot be read (${error.code}), so nobody knows what the last deploy needs`);
  });
  const files = [];
  for (const file of names.filter((one) => one.endsWith('.jsonl')))
    files.push({ path: join(folder, file), at: (await stat(join(folder, file))).mtimeMs });
  for (const { path } of files.sort((a, b) => b.at - a.at))
    if (idsIn(place, await textOf(path)).length > 0) return path;
  return null;
}

async function textOf(path: string | null): Promise<string> {
  if (path === null) return '';
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new Undecided(`${path} cannot be read (${error.code}), so nobody knows which backup it names`);
  });
}
