import { UsageError } from '../../model/index.ts';
import { type CiEvent, type Common, type System, unsaid } from './event.ts';
import { branchName, branchNameIfSaid, byHand, commitId, commitIdIfSaid, isMarked, number, tagRef } from './values.ts';

/**
 * GitLab CI: merge requests, merge trains and pushes.
 * @see https://docs.gitlab.com/ci/variables/predefined_variables/
 */
export const gitlab: System = {
  name: 'GitLab',
  depth: "set 'GIT_DEPTH: 0' under 'variables:' of the job",
  isHere: (env) => isMarked(env['GITLAB_CI']),
  defaultBranch: (env) => branchNameIfSaid(env['CI_DEFAULT_BRANCH'], 'CI_DEFAULT_BRANCH'),
  read(env) {
    const common = {
      ...unsaid,
      system: gitlab.name,
      defaultBranch: gitlab.defaultBranch!(env),
      help: { depth: gitlab.depth },
    };
    return env['CI_MERGE_REQUEST_IID'] ? mergeRequest(env, common) : push(env, common);
  },
};

function mergeRequest(env: NodeJS.ProcessEnv, common: Common): CiEvent {
  const [project, here] = [env['CI_MERGE_REQUEST_PROJECT_ID'], env['CI_PROJECT_ID']];
  // The branches that a fork calls its own are not those that the change lands on.
  if (project && here && project !== here)
    throw new UsageError(
      'this pipeline runs in a fork, which does not hold the target branch',
      'run the pipeline in the project that the merge request is for',
    );
  const id = number(env['CI_MERGE_REQUEST_IID'], 'CI_MERGE_REQUEST_IID');
  const sha = 'CI_MERGE_REQUEST_TARGET_BRANCH_SHA';
  // What a train is built on holds the merge requests before this one, which have not landed.
  const isTrain = env['CI_MERGE_REQUEST_EVENT_TYPE'] === 'merge_train';
  return {
    ...common,
    kind: 'proposal',
    target: branchName(env['CI_MERGE_REQUEST_TARGET_BRANCH_NAME'], 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME'),
    builtOn: isTrain ? commitId(env[sha], sha) : null,
    baseSha: isTrain ? null : commitIdIfSaid(env[sha], sha),
    // With merged results CI_COMMIT_SHA is a merge that GitLab made, perhaps with an older target.
    head: env['CI_MERGE_REQUEST_SOURCE_BRANCH_SHA']
      ? commitId(env['CI_MERGE_REQUEST_SOURCE_BRANCH_SHA'], 'CI_MERGE_REQUEST_SOURCE_BRANCH_SHA')
      : commitId(env['CI_COMMIT_SHA'], 'CI_COMMIT_SHA'),
    title: env['CI_MERGE_REQUEST_TITLE'] || null,
    help: { ...common.help, head: `git fetch origin refs/merge-requests/${id}/head` },
  };
}

function push(env: NodeJS.ProcessEnv, common: Common): CiEvent {
  const source = env['CI_PIPELINE_SOURCE'] || 'push';
  // A scheduled or manual pipeline says zeros for what was there before, as if the branch were new.
  if (source !== 'push')
    throw new UsageError(
      `GitLab runs this for '${source.slice(0, 60)}', which changes no branch, so nothing says what to judge`,
      byHand,
    );
  const tag = env['CI_COMMIT_TAG'];
  const target = tag ? null : branchName(env['CI_COMMIT_BRANCH'], 'CI_COMMIT_BRANCH');
  return {
    ...common,
    kind: 'push',
    ref: target === null ? tagRef(tag, 'CI_COMMIT_TAG') : `refs/heads/${target}`,
    target,
    base: commitId(env['CI_COMMIT_BEFORE_SHA'], 'CI_COMMIT_BEFORE_SHA'),
    head: commitId(env['CI_COMMIT_SHA'], 'CI_COMMIT_SHA'),
  };
}
