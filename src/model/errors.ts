/** How a run ends where it cannot judge, and its exit codes. */

/** Nothing could be judged, or a check could not: exit 3. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
  /** By its name: what the hook loads later has a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'Undecided';
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

/** The command was used wrongly, or the policy it must obey is invalid: exit 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && (value.name === 'UsageError' || value.name === 'PolicyError');
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

/** Refused by a rule outside any check, such as signing under an AI agent: exit 1. */
export class Refused extends Error {
  override readonly name = 'Refused';
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'Refused';
  }
  constructor(
    message: string,
    readonly help?: string,
  ) {
    super(message);
  }
}

/** How a command ends; only `pass` lets anything through. */
export const exitCode = { pass: 0, refused: 1, usage: 2, undecided: 3 } as const;
