/** The public API: judge a change, load a policy, verify an approval. */

export { parseSignature, type SshSignature, verifySignature } from './approvals/ssh-signature.ts';
export {
  type Approval,
  parseApproval,
  type SignedState,
  type SignedStep,
  type Statement,
} from './approvals/statement.ts';
export { verifyStatement } from './approvals/verify.ts';
export { checks } from './checks/index.ts';
export type { World } from './context/world.ts';
export { Repository } from './git/repository.ts';
export { type Case, exitCodeOf, judge } from './judge/index.ts';
export * from './model/index.ts';
export { loadPolicyAt } from './policy/load.ts';
export { PolicyError, type PolicyFault, parsePolicy } from './policy/parse.ts';
export type { CiEvent } from './sources/ci/event.ts';
export { ciEvent } from './sources/ci/index.ts';
export { pushedChanges } from './sources/pushed.ts';
export { rangeChange } from './sources/range.ts';
export { receivedChanges } from './sources/received.ts';
export { type Sourced, stagedChange } from './sources/staged.ts';
