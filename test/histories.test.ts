import { is, ok } from 'uvu/assert';
import { checkDeploy } from './histories/deploys.ts';
import { history } from './histories/generator.ts';
import { type History, type Knob, knobs } from './histories/grown.ts';
import { type Answer, isError, Judged } from './histories/judged.ts';
import type { Node, Verdict } from './histories/model.ts';
import { story } from './histories/story.ts';
import { write } from './histories/written.ts';
import { seeded } from './support/secret-corpus.ts';
import { suite } from './support/suite.ts';
import { newRepo } from './support/world.ts';

/**
 * Random histories, judged twice: by an independent model that was written from the design (§2, §4), and by the checks.
 * What ci lets land, predeploy lets pass; what was forced past it, predeploy names. HISTORIES=n, SEED=n and KNOB=name try more.
 */
const test = suite('histories');

const amount = Number(process.env['HISTORIES'] ?? 63);
const first = Number(process.env['SEED'] ?? 1);
const only = process.env['KNOB'];
const knobOf = (seed: number) => (only as Knob | undefined) ?? knobs[seed % knobs.length]!;

test('random histories: one answer of the model, of ci and of predeploy', async () => {
  const nodes: Node[] = [];
  const made = Array.from({ length: amount }, (_, n) => {
    const seed = first + n;
    return { seed, ...history(knobOf(seed), seeded(seed), nodes) };
  });
  const repo = newRepo({ install: false });
  repo.write('.git/refs/remotes/origin/HEAD', 'ref: refs/remotes/origin/main\n');
  repo.git('remote', 'add', 'origin', 'https://example.com/x.git');
  write(repo, nodes, new Map(made.flatMap(({ model }) => [...model.approvals])));
  const judged = new Judged(repo);
  const failures: string[] = [];
  let told = 0;
  try {
    for (const one of made)
      try {
        await checkPushes(one, judged);
        told += await checkDeploy(one, judged);
      } catch (error) {
        failures.push(`seed ${one.seed}, ${one.knob}: ${(error as Error).message}\n${story(one)}`);
        if (!process.env['ALL']) break;
      }
  } finally {
    judged.close();
  }
  if (process.env['ALL']) for (const text of failures) console.log(text.split('\n')[0]);
  is(failures.length, 0, failures[0]);
  ok(told > amount / 20, 'and something was forced');
});

async function checkPushes({ pushes }: History, judged: Judged): Promise<void> {
  for (const { branch, before, after, tips, verdict, proposed } of pushes) {
    const where = `${before?.id}..${after.id} on ${branch}`;
    same(await judged.push(branch, before, after, tips), verdict, `a push ${where}`);
    if (proposed) same(await judged.proposal(before!, proposed.head), proposed.verdict, `a proposal ${where}`);
  }
}

function same(answer: Answer, verdict: Verdict, where: string): void {
  is(answer.errored !== null, verdict.isErrored, `ci of ${where} is errored: ${answer.errored}`);
  if (verdict.isErrored) return;
  const refused = answer.files
    .filter(isError)
    .map(({ path = '' }) => (path.startsWith('.protect/') ? 'approvals' : path));
  is([...new Set(refused)].sort().join(), [...verdict.refused].sort().join(), `ci of ${where}`);
  const faults = answer.policy.filter(isError);
  is(faults.length > 0, verdict.isPolicyRefused, `ci of the policy in ${where}: ${JSON.stringify(faults)}`);
}
