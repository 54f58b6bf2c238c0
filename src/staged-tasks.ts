/**
 * Runs lint-staged over the index.
 * @param config a lint-staged configuration, as `staged:` in the policy holds it
 * @returns whether every task passed, and what was printed
 */
export async function runStagedTasks(config: unknown, cwd: string): Promise<{ ok: boolean; output: string }> {
  const { default: lintStaged } = await import('lint-staged'); // It is no CommonJS, as the bundle of the hook is.
  type Config = NonNullable<NonNullable<Parameters<typeof lintStaged>[0]>['config']>;
  const lines: string[] = [];
  const log = (...words: unknown[]) => void lines.push(words.join(' '));
  const logger = { log, warn: log, error: log, debug: () => {} };
  const ok = await lintStaged({ config: config as Config, cwd, quiet: true }, logger);
  return { ok, output: lines.join('\n') };
}
