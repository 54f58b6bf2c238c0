import type { FileRule } from '../model/index.ts';
import { count, type Teller } from './teller.ts';

/** Rules are known by their patterns, one by one: a rule that was split in two protects what it did. */
export function tellFiles(before: readonly FileRule[], after: readonly FileRule[], teller: Teller): void {
  const patterns = (rules: readonly FileRule[]) => [...new Set(rules.flatMap(({ paths }) => paths))];
  for (const pattern of patterns(before))
    if (!patterns(after).includes(pattern))
      teller.either(
        !pattern.startsWith('!'),
        `${pattern} is no longer ${pattern.startsWith('!') ? 'taken out' : 'protected'}`,
      );
  for (const pattern of patterns(after)) {
    const rules = before.filter(({ paths }) => paths.includes(pattern));
    const now = after.filter(({ paths }) => paths.includes(pattern));
    if (rules.length === 0)
      teller.either(
        pattern.startsWith('!'),
        pattern.startsWith('!') ? `${pattern} takes paths out` : `${pattern} is protected, ${ruleWords(now[0]!)}`,
      );
    else if (!pattern.startsWith('!')) tellRule(pattern, rules, now, teller);
  }
}

function ruleWords({ risk, owners, required }: FileRule): string {
  return `risk ${risk}, by ${required > 1 ? `${required} of ` : ''}${owners.join(required > 1 ? ', ' : ' or ')}`;
}

function tellRule(pattern: string, before: readonly FileRule[], after: readonly FileRule[], teller: Teller): void {
  if (after.length < before.length)
    teller.weak(`${pattern} is under ${count(after.length, 'rule')}, was under ${before.length}`);
  for (const [index, rule] of after.entries()) {
    const was = before[index];
    if (!was) {
      teller.say(`${pattern} is under one more rule, ${ruleWords(rule)}`);
      continue;
    }
    if (rule.required !== was.required)
      teller.either(
        rule.required < was.required,
        `${pattern} needs ${count(rule.required, 'owner')}, needed ${was.required}`,
      );
    const more = rule.owners.filter((owner) => !was.owners.includes(owner));
    const fewer = was.owners.filter((owner) => !rule.owners.includes(owner));
    if (more.length > 0) teller.weak(`${more.join(', ')} may approve ${pattern} too`);
    if (fewer.length > 0) teller.say(`${fewer.join(', ')} may no longer approve ${pattern}`);
    if (rule.risk !== was.risk)
      teller.either(rule.risk === 'high', `the risk of ${pattern} is ${rule.risk}, was ${was.risk}`);
    if (rule.reason !== was.reason) teller.say(`the reason of ${pattern} reads “${rule.reason}”`);
  }
}
