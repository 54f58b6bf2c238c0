import type { Check } from '../model/index.ts';
import { guidePath, guideText } from './parts/guide/index.ts';

/** Refuses a policy whose guide tells something else. */
export const guide: Check<'contents' | 'policyFile'> = {
  id: 'guide',
  summary: 'PROTECTION.md says what the policy says.',
  gates: ['ci'],
  needs: ['contents', 'policyFile'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.2.0',
    why: 'People and agents follow the guide they read. An outdated one misleads them, and nobody notices until it matters.',
    fix: 'Run `npx git-protect guide` and commit what it writes, together with the policy. A repository without the file does not need it.',
  },
  async run({ contents, policyFile, policy, change }) {
    if (change.kind === 'delete') return { skipped: 'nothing is left to judge of a deleted ref' };
    const state = await contents.stateAt(guidePath);
    if (state === null) return { skipped: `there is no ${guidePath}; npx git-protect guide writes one` };
    const help = `npx git-protect guide && git add ${guidePath}`;
    if (!state.mode.startsWith('100')) return [{ path: guidePath, message: 'is not a regular file', help }];
    const wanted = guideText((await policyFile.moved()) ?? policy);
    const found = await contents.blobUpTo(state.oid, Buffer.byteLength(wanted) * 2 + 1024);
    // A checkout may have turned its line ends.
    if (found !== null && found.toString('utf8').replaceAll('\r\n', '\n') === wanted) return [];
    return [{ path: guidePath, message: 'does not say what the policy says', help }];
  },
};
