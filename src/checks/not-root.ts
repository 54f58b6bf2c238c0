import type { Check } from '../model/index.ts';
import { choice, object } from '../model/schema.ts';

/** Refuses a deploy by root. */
export const notRoot: Check<'deploy'> = {
  id: 'not-root',
  summary: 'The deploy is not run as root.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 60_000,
  options: object({
    allow: {
      schema: choice('never', 'containers'),
      default: 'never',
      doc: 'where root may deploy; `containers`: in a Docker or Podman container, where builds often run as root',
    },
  }),
  docs: {
    since: '0.1.0',
    why: 'What root builds belongs to root: the service cannot write to it, the next deploy by somebody else fails, and a mistake in a script reaches the whole machine.',
    fix: 'Deploy as a dedicated user. If a container runs the deploy as root, set `checks.not-root.options.allow: containers` in the policy.',
  },
  async run({ deploy, options }) {
    const { host } = deploy;
    const id = host.userId();
    if (id === null) return { skipped: 'this system has no user ids' };
    if (id !== 0) return [];
    const { allow = 'never' } = (options ?? {}) as { allow?: 'never' | 'containers' };
    if (allow === 'containers' && host.isContainer()) return [];
    const message =
      allow === 'containers'
        ? 'the deploy is run as root, and not in a container (the policy allows it there)'
        : 'the deploy is run as root';
    return [{ message, help: 'run it as a user of its own, such as: sudo -u deploy npx git-protect predeploy' }];
  },
};
