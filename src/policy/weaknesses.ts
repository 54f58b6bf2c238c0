import type { Policy } from '../model/index.ts';
import { migrationOf } from '../readers/migrations/layout.ts';
import { compilePattern, firstMatch } from '../rules/match.ts';
import { protectedBranches } from '../rules/rules.ts';

const lockFile =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|composer\.lock|poetry\.lock|Cargo\.lock|Gemfile\.lock|go\.sum)$/;

/**
 * What is valid but weak, a sentence each.
 * @param tracked the paths that Git tracks, as bytes
 * @param standard the default branch, as far as it is known
 */
export function weaknesses(valid: Policy, tracked: readonly string[], standard: string | null): string[] {
  const warnings: string[] = [];
  const owners = Object.entries(valid.owners);
  if (valid.project === null)
    warnings.push("there is no 'project:', so no approval counts; npx git-protect init writes one");
  if (owners.length === 0) warnings.push('there are no owners, so no file is protected, the policy itself included');
  if (owners.length === 1 && owners[0]![1].keys.length === 1)
    warnings.push(
      `${owners[0]![0]} is the only owner and has one key; if it is lost, nobody can approve a change: add a second key`,
    );
  for (const [index, rule] of valid.files.entries()) {
    const patterns = rule.paths.map(compilePattern);
    const matched = tracked.filter((path) => firstMatch(patterns, path) !== null);
    if (matched.length === 0) warnings.push(`files[${index}] (${rule.paths.join(', ')}) matches no tracked file`);
    const lock = matched.find((path) => lockFile.test(path) && rule.paths.some((pattern) => !pattern.includes('**')));
    if (lock)
      warnings.push(`files[${index}] lists the lock file ${lock}; every update of a dependency will need approval`);
    if (rule.required > 1 && rule.required === rule.owners.length)
      warnings.push(`files[${index}] needs all ${rule.required} of its owners; one who is away blocks everything`);
  }
  return [...warnings, ...idle(valid, tracked), ...openBranches(valid, standard)];
}

/** Sections that look at nothing, because what they name is not there. */
function idle({ settings, migrations, deploy }: Policy, tracked: readonly string[]): string[] {
  const warnings: string[] = [];
  const names = new Set(tracked);
  const isMatched = (pattern: string) => {
    const compiled = [compilePattern(pattern)];
    return tracked.some((path) => firstMatch(compiled, path) !== null);
  };
  for (const [index, { file, files }] of settings.entries()) {
    const isThere = file === null ? isMatched(files!) : names.has(Buffer.from(file, 'utf8').toString('latin1'));
    if (!isThere) warnings.push(`settings[${index}] (${file ?? files}) names no tracked file`);
  }
  for (const [index, folder] of migrations.entries()) {
    if (!tracked.some((path) => migrationOf(folder, path) !== null))
      warnings.push(
        `migrations[${index}] (${folder.folder}) holds no tracked file that is a migration of ${folder.tool}`,
      );
    for (const pattern of folder.schema)
      if (!isMatched(pattern)) warnings.push(`migrations[${index}].schema (${pattern}) matches no tracked file`);
  }
  for (const [name, { coverage }] of Object.entries(deploy))
    for (const pattern of Object.keys(coverage?.minimums ?? {}))
      if (!isMatched(pattern)) warnings.push(`deploy.${name}.coverage.minimums (${pattern}) matches no tracked file`);
  return warnings;
}

/** Branches that are deployed, and that anybody may rewrite. */
function openBranches(policy: Policy, standard: string | null): string[] {
  const isProtected = protectedBranches(policy, standard);
  return Object.entries(policy.deploy).flatMap(([name, { branch }]) =>
    branch === null || isProtected(branch)
      ? []
      : [`deploy.${name} deploys ${branch}, which is not protected: list it under branches:`],
  );
}
