import type { Oid } from '../model/index.ts';
import type { Repository } from './repository.ts';

/** What `{date}` and its like stand for in the name of a rollback point. */
const holes: Readonly<Record<string, string>> = {
  date: '\\d{8}',
  time: '\\d{4}',
  environment: '[a-z][a-z0-9-]*',
};

/**
 * The name of the rollback point of a deploy.
 * @param form as the policy has it, `v{date}-{time}`
 * @param at the moment, as it reads in the zone of the deploy window: `20261120`, `1430`
 */
export function rollbackTag(
  form: string,
  at: { date: string; time: string; environment: string; commit: Oid },
): string {
  const parts: Readonly<Record<string, string>> = { ...at, commit: at.commit.slice(0, 12) };
  return form.replace(/\{(date|time|environment|commit)\}/g, (_, hole: string) => parts[hole]!);
}

/**
 * The newest rollback point that a commit has behind it. Only an annotated tag that the remote holds as well counts: one
 * that was made here a moment ago must not say that all of this is deployed already.
 * @returns null when there is none, or the remote could not be asked
 */
export async function lastRollbackPoint(
  repository: Repository,
  { form, environment, remote, commit }: { form: string; environment: string | null; remote: string; commit: Oid },
): Promise<{ tag: string; commit: Oid } | null> {
  const format = '--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)';
  const listed = await repository.text([
    'for-each-ref',
    '--sort=-creatordate',
    `--merged=${commit}`,
    format,
    'refs/tags/',
  ]);
  const tags = listed
    .split('\n')
    .map((line) => line.split('\0') as [string, string, Oid, string, Oid])
    .filter(([, type, , targetType]) => type === 'tag' && targetType === 'commit')
    .map(([ref, , oid, , target]) => ({ name: ref.slice('refs/tags/'.length), oid, target }))
    .filter(({ name, target }) => nameOf(form, environment, target).test(name));
  if (tags.length === 0) return null;
  const held = await remoteTags(repository, remote);
  const tag = tags.find(({ name, oid }) => held?.get(name) === oid);
  return tag ? { tag: tag.name, commit: tag.target } : null;
}

/** What a rollback point of a commit is called, as a test. */
function nameOf(form: string, environment: string | null, commit: Oid): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const known: Readonly<Record<string, string | null>> = { environment, commit: commit.slice(0, 12) };
  const parts = form
    .split(/\{(date|time|environment|commit)\}/)
    .map((part, index) => (index % 2 === 0 ? literal(part) : literal(known[part] ?? '') || holes[part]!));
  return new RegExp(`^${parts.join('')}$`);
}

/** The tags that a remote holds, each with the object it points at; null when it could not be asked. */
async function remoteTags(repository: Repository, remote: string): Promise<ReadonlyMap<string, Oid> | null> {
  const { code, stdout } = await repository.tell(['ls-remote', '--tags', '--refs', '--', remote]);
  if (code !== 0) return null;
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [oid, name] = line.split('\t') as [Oid, string];
      return [name.slice('refs/tags/'.length), oid];
    }),
  );
}
