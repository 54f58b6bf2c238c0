import { type CiEvent, type System, unsaid } from './event.ts';
import { branchName, commitId, isMarked, tagRef } from './values.ts';

/**
 * Azure Pipelines. It tells neither the title of a pull request nor what a push replaced. `BUILD_SOURCEVERSION` of a
 * pull request is a merge that it made; `SYSTEM_PULLREQUEST_SOURCECOMMITID` is the commit proposed.
 * @see https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
 */
export const azure: System = {
  name: 'Azure Pipelines',
  depth: "set 'fetchDepth: 0' on the checkout step",
  isHere: (env) => isMarked(env['TF_BUILD']),
  read(env): CiEvent {
    const common = { ...unsaid, system: azure.name, help: { depth: azure.depth } };
    const built = () => commitId(env['BUILD_SOURCEVERSION'], 'BUILD_SOURCEVERSION');
    if (env['BUILD_REASON'] === 'PullRequest' || env['SYSTEM_PULLREQUEST_TARGETBRANCH']) {
      const source = env['SYSTEM_PULLREQUEST_SOURCECOMMITID'];
      return {
        ...common,
        kind: 'proposal',
        target: branchName(env['SYSTEM_PULLREQUEST_TARGETBRANCH'], 'SYSTEM_PULLREQUEST_TARGETBRANCH'),
        head: source ? commitId(source, 'SYSTEM_PULLREQUEST_SOURCECOMMITID') : built(),
      };
    }
    const ref = env['BUILD_SOURCEBRANCH'];
    if (ref?.startsWith('refs/tags/'))
      return {
        ...common,
        kind: 'push',
        ref: tagRef(ref.slice('refs/tags/'.length), 'BUILD_SOURCEBRANCH'),
        head: built(),
      };
    // A short name may be anything's; refs/pull/1/merge without the pull request's variables too.
    const target = branchName(ref?.startsWith('refs/heads/') ? ref : null, 'a branch in BUILD_SOURCEBRANCH');
    return { ...common, kind: 'push', ref: `refs/heads/${target}`, target, head: built() };
  },
};
