import { UsageError } from '../model/index.ts';

/** The largest policy file that is read, in bytes. */
export const maxPolicy = 1 << 20;

/** One thing wrong with a policy file. */
export interface PolicyFault {
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

/** A policy that cannot be obeyed. All faults are told at once. */
export class PolicyError extends UsageError {
  override readonly name = 'PolicyError';
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'PolicyError';
  }
  constructor(
    readonly source: string,
    readonly faults: readonly PolicyFault[],
  ) {
    const place = source.replace(/^worktree:/, '').replace(/^([0-9a-f]{12})[0-9a-f]+:/, '$1:');
    super(faults.map(({ line, message }) => `${place}:${line}: ${message}`).join('\n'), repair(source));
  }
}

/** In a working tree or index it is mended in place; where it has landed no gate can let the mended one through. */
function repair(source: string): string {
  if (!/^[0-9a-f]{40,64}:/.test(source)) return 'fix those lines; npx git-protect policy check shows when all is well';
  return 'fix that file (npx git-protect policy check); an owner commits it with git commit --no-verify, and lands it past CI';
}
