import { type CiEvent, type System, unsaid } from './event.ts';
import { branchName, commitId, isMarked, tagRef } from './values.ts';

/**
 * CircleCI. It builds branches: whether a pull request is open, and for which target, it does not say reliably
 * (`CIRCLE_PULL_REQUEST` is a URL, one of several, and absent until the pull request exists).
 * @see https://circleci.com/docs/reference/variables/
 */
export const circleci: System = {
  name: 'CircleCI',
  // A blobless clone, its default, lacks the contents that approvals and policies stand in.
  depth: "set 'method: full' on the checkout step",
  isHere: (env) => isMarked(env['CIRCLECI']),
  read(env): CiEvent {
    const common = {
      ...unsaid,
      system: circleci.name,
      head: commitId(env['CIRCLE_SHA1'], 'CIRCLE_SHA1'),
      help: { depth: circleci.depth, before: '<< pipeline.git.base_revision >>' },
    };
    if (env['CIRCLE_TAG']) return { ...common, kind: 'push', ref: tagRef(env['CIRCLE_TAG'], 'CIRCLE_TAG') };
    return { ...common, kind: 'unknown', ref: `refs/heads/${branchName(env['CIRCLE_BRANCH'], 'CIRCLE_BRANCH')}` };
  },
};
