import { sharedContext } from '../../src/context/index.ts';
import { Repository } from '../../src/git/repository.ts';
import { worktreeStatus } from '../../src/git/worktree-status.ts';
import { realHost } from '../../src/machine/host.ts';
import type { Capability, Change, Check, Context, Deployment, Problem, Skipped } from '../../src/model/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { environment as cleanEnvironment, makeKey, policyText, type Repo } from './world.ts';

interface Given {
  readonly repo: Repo;
  /** As it stands under `deploy.production` in a policy. */
  readonly environment?: Record<string, unknown>;
  readonly now?: Date;
  readonly userId?: number | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly agent?: string | null;
  readonly signal?: AbortSignal;
  /** The same of other environments. */
  readonly others?: Record<string, Record<string, unknown>>;
  readonly ticks?: Deployment['ticks'];
  /** More lines of the policy. */
  readonly more?: string;
}

const key = makeKey('lead');

/** What a check sees before HEAD is deployed: the real repository and the real machine, with the clock and the user given. */
export function predeployContext({
  repo,
  environment = {},
  now = new Date(),
  userId = 1000,
  env = {},
  agent = null,
  signal = new AbortController().signal,
  others = {},
  ticks = [],
  more = '',
}: Given): Context<Capability> {
  const text = policyText({ lead: key }, `deploy: ${JSON.stringify({ production: environment, ...others })}\n${more}`);
  const policy = parsePolicy(text, '.protectionrc');
  const outer = cleanEnvironment({ ...repo.env, ...env });
  const repository = new Repository(repo.dir, outer, 'location');
  const head = repo.head();
  const change: Change = {
    ref: 'refs/heads/main',
    kind: 'update',
    protected: true,
    trusted: true,
    target: 'main',
    base: null,
    head,
    old: null,
    next: head,
    tips: [],
    defaultTip: null,
    title: null,
    tree: async () => repo.head('HEAD^{tree}'),
    steps: async () => [],
    states: async () => [],
    async *commits() {},
  };
  const world = {
    env: outer,
    now,
    agent,
    commands: true,
    signal,
    userId: () => userId,
    progress: () => {},
  };
  const { judged, has } = sharedContext(
    {
      gate: 'pre-deploy',
      loaded: { policy, source: `${head}:.protectionrc`, oid: null, bootstrap: null },
      changes: [change],
      deployment: {
        name: 'production',
        environment: policy.deploy['production']!,
        branch: 'main',
        isProtected: true,
        commit: head,
        deployed: null,
        behind: [],
        standard: { branch: 'main', tip: head },
        trigger: 'command',
        fetched: { tip: head, error: null },
        current: 'main',
        upstream: 'refs/remotes/origin/main',
        topLevel: repo.dir,
        worktree: () => worktreeStatus(repository),
        host: realHost(repo.dir, outer, world.userId),
        ticks,
        tests: null,
      },
    },
    change,
    repository,
    world,
  );
  repository.close();
  return { ...judged, ...has, options: undefined, signal } as Context<Capability>;
}

/** What a check finds. @throws Error when it is skipped */
export async function findings(check: Check, given: Given): Promise<readonly Problem[]> {
  const found = await check.run(predeployContext(given));
  if ('skipped' in found) throw new Error(`skipped: ${(found as Skipped).skipped}`);
  return found;
}

/** Its messages, one a line. */
export async function messages(check: Check, given: Given): Promise<string> {
  return (await findings(check, given)).map(({ message }) => message).join('\n');
}
