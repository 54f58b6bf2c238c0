import { named } from '../words/named.ts';
import type { HeldFiles } from './first-environments.ts';
import type { Weighed } from './first-often.ts';

/** What `init` says of workflows that its rule leaves out. @param plain at least one path */
export function aboutPlain(plain: readonly string[]): string {
  const names = named(plain.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const what =
    plain.length === 1
      ? 'it uses no secret, deploys nothing and may write nothing, so it changes without approval'
      : 'they use no secret, deploy nothing and may write nothing, so they change without approval';
  return `${names}: ${what}; the check workflows refuses a change with which that would end`;
}

/** What `init` says of files that forbidden-files would refuse. */
export function aboutHeld({ allowed, refused }: HeldFiles): string[] {
  const remarks: string[] = [];
  if (allowed.length > 0)
    remarks.push(
      `Git tracks ${named(allowed)}, which ${allowed.length === 1 ? 'holds' : 'hold'} settings and no secret, so the policy lets that change until a secret is in it (checks.forbidden-files.options.settings)`,
    );
  if (refused.length > 0)
    remarks.push(
      `Git tracks ${named(refused)}, which forbidden-files refuses once it is changed; git rm --cached takes it out of Git, checks.forbidden-files.options.allow lets it stay`,
    );
  return remarks;
}

/** What `init` says of files that change too often to ask an owner each time. @param weighed at least one of them */
export function aboutOften({ often, seen, changed }: Weighed): string {
  const paths = often.flatMap(({ rule }) => rule.paths);
  const it = paths.length === 1 ? 'it' : 'them';
  return `${named(paths)} changed in ${changed} of the last ${seen} commits, so no rule protects ${it} yet; in .protectionrc take the # away from what should need an approval`;
}
