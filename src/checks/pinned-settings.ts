import type { BytePath, Check, Context, PinnedSetting, Problem, Step } from '../model/index.ts';
import { compilePattern } from '../rules/match.ts';
import type { Places } from './parts/setting-judge.ts';

/** Holds the values that the policy pins against the tree that is judged. */
export const pinnedSettings: Check<'contents'> = {
  id: 'pinned-settings',
  summary: 'Settings that the policy pins keep their value.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Some values hold a system together, and nothing shows when one of them is changed in passing: a root folder, an algorithm, a command that must stay empty.',
    fix: 'Restore the value that the report names. If it is to change, change `settings:` in the policy first.',
  },
  async run(context) {
    const { change, policy, gate } = context;
    if (policy.settings.length === 0) return { skipped: 'the policy pins no settings' };
    if (change.kind === 'delete' || (await change.tree()) === null) return { skipped: 'nothing is there to look at' };
    const steps = await context.contents.newSteps();
    const problems: Problem[] = [];
    let looked = false;
    for (const [index, setting] of policy.settings.entries()) {
      const places = await placesOf(setting, steps, context);
      if (places === null) continue;
      looked = true;
      const { SettingJudge } = await import('./parts/setting-judge.ts');
      problems.push(...(await new SettingJudge(setting, index, context).judge(places)));
    }
    if (!looked) return { skipped: 'no file with a pinned setting is changed' };
    const told = gate === 'pre-receive' && !change.protected ? ({ severity: 'warning' } as const) : {};
    return problems.map((problem) => ({ ...problem, ...told }));
  },
};

/** Null: the change does not touch the setting. */
async function placesOf(
  setting: PinnedSetting,
  steps: readonly Step[],
  context: Context<'contents'>,
): Promise<Places | null> {
  const all = context.gate === 'pre-deploy';
  if (setting.file !== null) {
    const path = bytes(setting.file);
    const names = compilePattern(`/${setting.file.replace(/[\\*?[\]!]/g, '\\$&')}`).matches;
    const touching = steps.filter((step) => step.path === path || (step.to !== null && names(step.path)));
    return all || touching.length > 0 ? { paths: [path], steps: touching, all: true } : null;
  }
  const names = compilePattern(setting.files!).matches;
  const touching = steps.filter((step) => names(step.path));
  if (all) return { paths: (await context.contents.paths()).filter(names), steps: touching, all };
  if (touching.length === 0) return null;
  return { paths: touching.filter(({ to }) => to !== null).map(({ path }) => path), steps: touching, all };
}

function bytes(path: string): BytePath {
  return Buffer.from(path, 'utf8').toString('latin1');
}
