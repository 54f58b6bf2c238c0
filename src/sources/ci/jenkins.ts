import { UsageError } from '../../model/index.ts';
import { type CiEvent, type System, unsaid } from './event.ts';
import { branchName, byHand, commitIdIfSaid, isMarked, tagRef } from './values.ts';

/**
 * Jenkins, multibranch projects. HEAD is judged, because `GIT_COMMIT` may be that of another checkout of the same
 * build; for a pull request it is the commit proposed, or a merge that Jenkins made of it.
 * @see https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables
 * @see https://plugins.jenkins.io/git/#plugin-content-environment-variables
 */
export const jenkins: System = {
  name: 'Jenkins',
  depth: "set 'shallow: false' in the clone options of the checkout",
  isHere: (env) => isMarked(env['JENKINS_URL']),
  read(env): CiEvent {
    const common = { ...unsaid, system: jenkins.name, help: { depth: jenkins.depth } };
    if (env['CHANGE_ID'])
      return {
        ...common,
        kind: 'proposal',
        target: branchName(env['CHANGE_TARGET'], 'CHANGE_TARGET'),
        title: env['CHANGE_TITLE'] || null,
      };
    if (env['TAG_NAME']) return { ...common, kind: 'push', ref: tagRef(env['TAG_NAME'], 'TAG_NAME') };
    // Elsewhere pull requests are told by plugins, each in its own way; taken for pushes they would be judged too mildly.
    if (!env['BRANCH_NAME'])
      throw new UsageError('Jenkins says BRANCH_NAME and CHANGE_TARGET in multibranch projects only', byHand);
    const target = branchName(env['BRANCH_NAME'], 'BRANCH_NAME');
    // Not GIT_PREVIOUS_COMMIT: after a build that refused, it would take the refused commit for granted.
    const before = commitIdIfSaid(env['GIT_PREVIOUS_SUCCESSFUL_COMMIT'], 'GIT_PREVIOUS_SUCCESSFUL_COMMIT');
    return { ...common, kind: 'push', ref: `refs/heads/${target}`, target, base: before };
  },
};
