import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';

// The same inputs on every machine, so that a failure is of the change and not of the day; FUZZ_SEED=$RANDOM looks further.
fc.configureGlobal({ seed: Number(process.env['FUZZ_SEED'] ?? 20261120) });

/** A uvu suite that runs itself, so that a forgotten `run()` cannot pass. */
export function suite(name: string) {
  const tests = uvuSuite(name);
  setImmediate(() => tests.run());
  return tests;
}
