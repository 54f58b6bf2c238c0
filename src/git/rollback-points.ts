import { type Oid, Undecided } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import type { Repository } from './repository.ts';

/** What `{date}` and its like stand for in the name of a rollback point. */
const holes: Readonly<Record<string, string>> = {
  date: '\\d{8}',
  time: '\\d{4}',
  environment: '[a-z][a-z0-9-]*',
  commit: '[0-9a-f]{12}',
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

/** An annotated tag that the remote holds as well. */
export interface RollbackPoint {
  readonly tag: string;
  readonly commit: Oid;
}

/**
 * The rollback points of an environment that its remote holds, the newest first; those that were not here are fetched. Only an
 * annotated tag counts. Anybody can push one: they say what must be behind a deploy, and nothing that need not be judged.
 * @throws Undecided when the remote could not be asked
 */
export async function remoteRollbackPoints(
  repository: Repository,
  { form, environment, remote }: { form: string; environment: string | null; remote: string },
): Promise<RollbackPoint[]> {
  const like = nameOf(form, environment, null);
  const held = [...(await remoteTags(repository, remote))].filter(([name]) => like.test(name));
  const absent: string[] = [];
  for (const [name, oid] of held) if ((await repository.objects.info(oid)) === null) absent.push(name);
  if (absent.length > 0) {
    const refs = absent.map((name) => `refs/tags/${name}`);
    const alone = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    const fetched = await repository.tell(['fetch', ...alone, '--', remote, ...refs]);
    if (fetched.code !== 0) throw unasked(remote, fetched.stderr);
  }
  const points: (RollbackPoint & { readonly date: number })[] = [];
  for (const [tag, oid] of held) {
    const object = await repository.objects.read(oid, maxTag);
    if (object?.type !== 'tag') continue;
    const [, commit, date] =
      /^object ([0-9a-f]+)\ntype commit\n(?:[^\n]+\n)*?tagger [^\n]* (\d+) [+-]\d{4}\n/.exec(
        object.content.toString('latin1'),
      ) ?? [];
    if (commit !== undefined && nameOf(form, environment, commit).test(tag))
      points.push({ tag, commit, date: Number(date) });
  }
  return points.sort((a, b) => b.date - a.date);
}

const maxTag = 1 << 20;

function unasked(remote: string, said: string): Undecided {
  return new Undecided(
    `${remote} could not be asked for its rollback points: ${said.trim().split('\n')[0]}`,
    `git fetch ${shellWord(remote)}`,
  );
}

/** What a rollback point of a commit is called, as a test. */
function nameOf(form: string, environment: string | null, commit: Oid | null): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const known: Readonly<Record<string, string | null>> = { environment, commit: commit?.slice(0, 12) ?? null };
  const parts = form
    .split(/\{(date|time|environment|commit)\}/)
    .map((part, index) => (index % 2 === 0 ? literal(part) : literal(known[part] ?? '') || holes[part]!));
  return new RegExp(`^${parts.join('')}$`);
}

/** Is a tag called as a rollback point of a commit is, by the form that the policy names? */
export function isRollbackTag(form: string, environment: string, commit: Oid, tag: string): boolean {
  return nameOf(form, environment, commit).test(tag);
}

/** The tags that a remote holds, each with the object it points at. @throws Undecided when it could not be asked */
async function remoteTags(repository: Repository, remote: string): Promise<ReadonlyMap<string, Oid>> {
  const { code, stdout, stderr } = await repository.tell(['ls-remote', '--tags', '--refs', '--', remote]);
  if (code !== 0) throw unasked(remote, stderr);
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const [oid, name] = line.split('\t') as [Oid, string];
      return [name.slice('refs/tags/'.length), oid];
    }),
  );
}
