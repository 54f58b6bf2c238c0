import { suite as uvuSuite } from 'uvu';

/** A uvu suite that runs itself, so that a forgotten `run()` cannot pass. */
export function suite(name: string) {
  const tests = uvuSuite(name);
  setImmediate(() => tests.run());
  return tests;
}
