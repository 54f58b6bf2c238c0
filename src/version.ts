import { createRequire } from 'node:module';

/** The version of this package, as its manifest has it. */
export function packageVersion(): string {
  return createRequire(import.meta.url)('git-protect/package.json').version;
}
