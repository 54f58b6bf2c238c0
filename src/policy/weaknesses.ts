import type { Policy } from '../model.ts';
import { compilePattern, firstMatch } from './match.ts';

const lockFile =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|composer\.lock|poetry\.lock|Cargo\.lock|Gemfile\.lock|go\.sum)$/;

/** What is valid but weak, a sentence each. @param tracked the paths that Git tracks, as bytes */
export function weaknesses(valid: Policy, tracked: readonly string[]): string[] {
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
  return warnings;
}
