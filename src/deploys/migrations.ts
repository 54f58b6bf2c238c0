import type { Oid } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import type { DeployPlace } from './place.ts';

/** The files of migrations that a deploy brings, or takes along. */
export async function migrationsBetween({ policy, repository }: DeployPlace, from: Oid, to: Oid): Promise<string[]> {
  const folders = policy.migrations.map(({ folder }) => folder);
  if (folders.length === 0 || from === to) return [];
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to, '--', ...folders];
  const { topLevel } = await repository.layout();
  const { stdout } = await repository.run(args, topLevel === null ? {} : { cwd: topLevel });
  return stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '')
    .map(visible);
}
