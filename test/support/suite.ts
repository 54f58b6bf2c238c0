import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';

type Suite = ReturnType<typeof uvuSuite>;

// The same inputs on every machine, so that a failure is of the change and not of the day; FUZZ_SEED=$RANDOM looks further.
fc.configureGlobal({ seed: Number(process.env['FUZZ_SEED'] ?? 20261120) });

/** A uvu suite that runs itself, so that a forgotten `run()` cannot pass. */
export function suite(name: string) {
  const tests = uvuSuite(name);
  setImmediate(() => tests.run());
  return tests;
}

/**
 * A test that needs what not every machine has. Without it the run says so and goes on; where `PROTECT_TEST_REQUIRE=all`
 * promises that all is there, it fails.
 * @param missing what is not there; null: all is
 */
export function needing(tests: Suite, missing: string | null, name: string, run: () => void | Promise<void>): void {
  if (missing === null) return void tests(name, run);
  if (process.env['PROTECT_TEST_REQUIRE'] === 'all')
    return void tests(name, () => {
      throw new Error(`there is no ${missing} here`);
    });
  console.log(`# not run, there is no ${missing}: ${name}`);
  tests.skip(name, run);
}
