/** The public API, name by name: judge a change, load a policy, verify an approval. docs/api.md shows it at work. */

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
export type { Selection, Watch } from './judge/selection.ts';
export type { BytePath, Change, Commit, Gate, Oid, State, Step } from './model/change.ts';
export type {
  Approvals,
  Capabilities,
  Capability,
  Check,
  Commands,
  Contents,
  Context,
  History,
  Judged,
  PolicyFile,
} from './model/check.ts';
export type { Consent, Guard } from './model/consent.ts';
export type { Deployment, GrantedWaiver, Host } from './model/deployment.ts';
export { exitCode, Refused, Undecided, UsageError } from './model/errors.ts';
export type { CheckSettings, FileRule, LoadedPolicy, Policy } from './model/policy.ts';
export type { Finding, Outcome, Problem, Report, Severity } from './model/report.ts';
export { loadPolicyAt } from './policy/load.ts';
export { PolicyError, type PolicyFault, parsePolicy } from './policy/parse.ts';
export type { CiEvent } from './sources/ci/event.ts';
export { ciEvent } from './sources/ci/index.ts';
export { pushedChanges } from './sources/pushed.ts';
export { rangeChange } from './sources/range.ts';
export { receivedChanges } from './sources/received.ts';
export { type Sourced, stagedChange } from './sources/staged.ts';
