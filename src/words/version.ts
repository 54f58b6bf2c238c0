import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The version of this package, as its manifest has it. */
export function packageVersion(): string {
  return createRequire(join(import.meta.dirname, 'version.js'))('git-protect/package.json').version;
}
