import type { Finding, Outcome } from '../model/index.ts';

/** What is told may quote a message, a file name or an output: no key or token in it is printed. */
export async function withoutSecrets(outcomes: readonly Outcome[]): Promise<Outcome[]> {
  return Promise.all(
    outcomes.map(async (outcome) => ({
      ...outcome,
      ...(outcome.reason === undefined ? {} : { reason: await shown(outcome.reason) }),
      findings: await Promise.all(outcome.findings.map(finding)),
    })),
  );
}

async function finding(found: Finding): Promise<Finding> {
  return {
    ...found,
    message: await shown(found.message),
    ...(found.path === undefined ? {} : { path: await shown(found.path) }),
    ...(found.help === undefined ? {} : { help: await shown(found.help) }),
  };
}

/** Loaded only where something could be one: a refusal should not take longer for it. */
async function shown(text: string): Promise<string> {
  if (!/[\w+/=-]{20}/.test(text)) return text;
  const { masked } = await import('../readers/secrets/scan.ts');
  return masked(text);
}
