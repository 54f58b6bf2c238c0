import { type Check, type LoadedPolicy, type Problem, policyNames } from '../model/index.ts';

/** The bytes that last stood need no approval. */
function repairHelp({ source }: LoadedPolicy): string {
  const [commit, file] = source.split(':') as [string, string];
  return `git checkout ${commit.slice(0, 12)} -- ${file}  # the last valid one; or fix it: npx git-protect policy check`;
}

/** Refuses a change that would leave an invalid policy behind. */
export const policyCheck: Check<'contents' | 'policyFile'> = {
  id: 'policy',
  summary: 'The policy that a change leaves behind is readable and valid.',
  gates: ['pre-commit', 'commit-msg', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents', 'policyFile'],
  weakenable: false,
  waivable: false,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Once an invalid policy has landed, nothing can be judged, and every gate stays closed until somebody repairs it.',
    fix: 'Run `npx git-protect policy check`; it names each faulty line and what was expected.',
  },
  async run({ change, loaded, policyFile, contents }) {
    const touched = (await change.steps()).filter(({ path }) =>
      (policyNames as readonly string[]).includes(path.split('/')[0]!),
    );
    const { broken } = loaded;
    if (touched.length === 0 && broken === undefined) return { skipped: 'the policy is not changed' };
    const problems: Problem[] = [];
    const left = await policyFile.files();
    // Once an invalid one stands, only a valid one passes.
    if (broken !== undefined && left.length === 0)
      problems.push({
        message: `the policy is removed where it has to be repaired: ${broken}`,
        help: repairHelp(loaded),
      });
    if (left.length > 1)
      problems.push({
        path: left[1]!.path,
        message: `there may be only one policy file, and ${left[0]!.path} is one already`,
        help: 'keep one of them',
      });
    if (left.length === 0)
      problems.push({
        path: touched[0]!.path,
        message: 'the change removes the policy',
        severity: 'warning',
        help: 'without it nothing is protected',
      });
    for (const { path, state } of left) {
      if (state.mode !== '100644' && state.mode !== '100755') {
        problems.push({ path, message: `the policy is not a regular file (mode ${state.mode})` });
        continue;
      }
      const content = await contents.blobUpTo(state.oid, 1 << 20);
      if (content === null) {
        problems.push({ path, message: 'the policy is larger than 1 MiB' });
        continue;
      }
      for (const { line, message } of await policyFile.faults(content, path))
        problems.push({
          path,
          line,
          message,
          help: broken === undefined ? 'npx git-protect policy check' : repairHelp(loaded),
        });
    }
    return problems;
  },
};
