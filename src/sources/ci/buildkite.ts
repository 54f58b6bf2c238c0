import { type CiEvent, type System, unsaid } from './event.ts';
import { branchName, branchNameIfSaid, commitId, isMarked, number, tagRef } from './values.ts';

/**
 * Buildkite. It tells neither the title of a pull request nor what a push replaced.
 * @see https://buildkite.com/docs/pipelines/configure/environment-variables
 */
export const buildkite: System = {
  name: 'Buildkite',
  depth: "take '--depth' out of BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS",
  isHere: (env) => isMarked(env['BUILDKITE']),
  defaultBranch: (env) =>
    branchNameIfSaid(env['BUILDKITE_PIPELINE_DEFAULT_BRANCH'], 'BUILDKITE_PIPELINE_DEFAULT_BRANCH'),
  read(env): CiEvent {
    const common = {
      ...unsaid,
      system: buildkite.name,
      defaultBranch: buildkite.defaultBranch!(env),
      head: env['BUILDKITE_COMMIT'] === 'HEAD' ? 'HEAD' : commitId(env['BUILDKITE_COMMIT'], 'BUILDKITE_COMMIT'),
      help: { depth: buildkite.depth },
    };
    if (env['BUILDKITE_MERGE_QUEUE_BASE_BRANCH'])
      return {
        ...common,
        kind: 'proposal',
        target: branchName(env['BUILDKITE_MERGE_QUEUE_BASE_BRANCH'], 'BUILDKITE_MERGE_QUEUE_BASE_BRANCH'),
        builtOn: commitId(env['BUILDKITE_MERGE_QUEUE_BASE_COMMIT'], 'BUILDKITE_MERGE_QUEUE_BASE_COMMIT'),
        queued: true,
      };
    if (env['BUILDKITE_PULL_REQUEST'] && env['BUILDKITE_PULL_REQUEST'] !== 'false') {
      const id = number(env['BUILDKITE_PULL_REQUEST'], 'BUILDKITE_PULL_REQUEST');
      return {
        ...common,
        kind: 'proposal',
        target: branchName(env['BUILDKITE_PULL_REQUEST_BASE_BRANCH'], 'BUILDKITE_PULL_REQUEST_BASE_BRANCH'),
        help: { ...common.help, head: `git fetch origin pull/${id}/head` },
      };
    }
    if (env['BUILDKITE_TAG']) return { ...common, kind: 'push', ref: tagRef(env['BUILDKITE_TAG'], 'BUILDKITE_TAG') };
    const target = branchName(env['BUILDKITE_BRANCH'], 'BUILDKITE_BRANCH');
    return { ...common, kind: 'push', ref: `refs/heads/${target}`, target };
  },
};
