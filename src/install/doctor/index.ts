import { ciDiagnoses } from './ci.ts';
import type { Diagnosis } from './diagnosis.ts';
import { hookDiagnoses } from './hooks.ts';
import { machineDiagnoses } from './machine.ts';
import { ownerDiagnoses } from './owners.ts';

/** All that is looked at, what stops a hook first. */
export const diagnoses: readonly Diagnosis[] = [
  ...hookDiagnoses,
  ...machineDiagnoses,
  ...ciDiagnoses,
  ...ownerDiagnoses,
];
