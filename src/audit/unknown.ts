import type { Audit } from './facts.ts';
import { count } from './teller.ts';

/** What no audit of a repository can tell, and what this one could not. */
export function unknownIn(
  audit: Omit<Audit, 'unknown'>,
  facts: { hasOtherSide: boolean; began: boolean; byWord: number },
): string[] {
  const { received, population, changes } = audit;
  const bare = population.filter((step) => step.received === null).length;
  const untold = changes.filter(({ verdict }) => verdict === 'unknown').length;
  const unsure = changes.filter(({ approvals }) => approvals.some(({ other }) => other === 'unknown')).length;
  return [
    ...(untold > 0
      ? [`whether ${count(untold, 'change')} ${untold === 1 ? 'is' : 'are'} covered could not be told`]
      : []),
    ...(facts.began ? [] : ['where the policy began, so the walk begins at the word of an owner']),
    ...(facts.byWord > 0
      ? [
          `who approved what in the first ${count(facts.byWord, 'step')} under the policy: an owner stands by all of it, and that stands in its place`,
        ]
      : []),
    ...(received === null
      ? ['who pushed, and when: dates and names are what the commits claim, and only the log of a server knows better']
      : bare > 0
        ? [`who pushed ${count(bare, 'step')}: no line of the server's log names ${bare === 1 ? 'it' : 'them'}`]
        : []),
    ...(received !== null && received.broken.length > 0
      ? ['what the log of the server said where it no longer holds together']
      : []),
    ...(unsure > 0
      ? [
          `whether the approver of ${count(unsure, 'change')} is somebody else than its author: the name of the author is not an owner's`,
        ]
      : []),
    ...(audit.after === null
      ? [
          'whether history was rewritten before this clone was made: the tip of an earlier audit would show it (--after)',
        ]
      : []),
    'tags that were deleted, pushes that were replaced by force, and what was done on the host itself',
    ...(facts.hasOtherSide ? ['what the other side holds since the last fetch'] : []),
  ];
}
