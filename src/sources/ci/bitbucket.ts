import { type CiEvent, type System, unsaid } from './event.ts';
import { branchName, commitId, isMarked, tagRef } from './values.ts';

/**
 * Bitbucket Pipelines. It tells neither the title of a pull request nor what a push replaced. The working tree of a
 * pull request is a merge that it made, so the commit named is judged and not HEAD.
 * @see https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
 */
export const bitbucket: System = {
  name: 'Bitbucket Pipelines',
  depth: "set 'clone: { depth: full }' in bitbucket-pipelines.yml",
  isHere: (env) => isMarked(env['BITBUCKET_BUILD_NUMBER']),
  read(env): CiEvent {
    const common = {
      ...unsaid,
      system: bitbucket.name,
      help: { depth: bitbucket.depth },
      head: commitId(env['BITBUCKET_COMMIT'], 'BITBUCKET_COMMIT'),
    };
    if (env['BITBUCKET_PR_ID']) {
      const name = 'BITBUCKET_PR_DESTINATION_COMMIT';
      // Bitbucket cuts it to twelve digits; then the tracking ref alone has to say it.
      const isCut = /^[0-9a-f]{7,39}$/.test(env[name] ?? '');
      return {
        ...common,
        kind: 'proposal',
        target: branchName(env['BITBUCKET_PR_DESTINATION_BRANCH'], 'BITBUCKET_PR_DESTINATION_BRANCH'),
        baseSha: isCut || !env[name] ? null : commitId(env[name], name),
      };
    }
    if (env['BITBUCKET_TAG']) return { ...common, kind: 'push', ref: tagRef(env['BITBUCKET_TAG'], 'BITBUCKET_TAG') };
    const target = branchName(env['BITBUCKET_BRANCH'], 'BITBUCKET_BRANCH');
    return { ...common, kind: 'push', ref: `refs/heads/${target}`, target };
  },
};
