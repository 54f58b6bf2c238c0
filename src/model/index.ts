/** The nouns of git-protect: data and contracts, no behaviour. */

export type * from './backups.ts';
export * from './change.ts';
export type * from './check.ts';
export type * from './consent.ts';
export * from './databases.ts';
export type * from './deployment.ts';
export * from './errors.ts';
export * from './policy.ts';
export * from './report.ts';
export * from './ship.ts';
