import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { audit } from '../../src/audit/index.ts';
import { landedChecks } from '../../src/checks/landed-checks.ts';
import { policyCheck } from '../../src/checks/policy.ts';
import { protectedFiles } from '../../src/checks/protected-files.ts';
import { contextOf, sharedContext } from '../../src/context/index.ts';
import type { World } from '../../src/context/world.ts';
import { Repository } from '../../src/git/repository.ts';
import { type Host, Undecided, UsageError } from '../../src/model/index.ts';
import { type CiEvent, unsaid } from '../../src/sources/ci/event.ts';
import { deployedChange } from '../../src/sources/deploy.ts';
import { landedPush } from '../../src/sources/landed-push.ts';
import { rangeChange } from '../../src/sources/range.ts';
import type { Sourced } from '../../src/sources/staged.ts';
import { environment, type Repo } from '../support/world.ts';
import type { Node } from './model.ts';

type AnyCheck = typeof landedChecks | typeof policyCheck | typeof protectedFiles;

/** The product's own answer: its sources and checks, without a process for each. */

export interface Problem {
  readonly path?: string;
  readonly severity?: string;
  readonly message: string;
  readonly commit?: string;
}

export interface Answer {
  readonly files: readonly Problem[];
  readonly policy: readonly Problem[];
  /** Why nothing could be said. */
  readonly errored: string | null;
}

export const isError = ({ severity = 'error' }: Problem) => severity === 'error';

const zeros = '0'.repeat(40);

export class Judged {
  readonly #repo: Repo;
  readonly #repository: Repository;
  readonly #signal = new AbortController().signal;

  constructor(repo: Repo) {
    this.#repo = repo;
    this.#repository = new Repository(repo.dir, environment(), 'location');
  }

  close(): void {
    this.#repository.close();
  }

  /** ci after a push. @param tips what the other side's branches held before */
  async push(branch: string, before: Node | null, after: Node, tips: ReadonlyMap<string, Node>): Promise<Answer> {
    const branches = new Map([...tips].map(([name, { oid }]) => [name, oid]));
    const event = { ...said, kind: 'push', target: branch, base: before?.oid ?? zeros, head: after.oid } as const;
    const other = { remote: 'origin', branches, head: 'main' };
    return this.#ci(() => landedPush(this.#repository, event, other, after.oid));
  }

  /** ci of a proposal for the default branch. */
  async proposal(base: Node, head: Node): Promise<Answer> {
    const event = {
      ...said,
      kind: 'proposal',
      target: 'main',
      base: base.oid,
      head: head.oid,
      title: 'feat: x',
    } as const;
    return this.#ci(() => rangeChange(this.#repository, event));
  }

  /** predeploy of the tip of a branch. */
  async deploy(branch: string, tips: ReadonlyMap<string, Node>): Promise<Answer> {
    for (const [name, { oid }] of tips)
      writeFileSync(join(this.#repo.dir, `.git/refs/remotes/origin/${name}`), `${oid}\n`);
    this.#repository.changed();
    const order = {
      environment: branch === 'main' ? 'production' : 'older',
      replaced: null,
      readopt: null,
      now: new Date(),
      pushed: tips.get(branch)!.oid,
      fetch: false,
      host: () => ({}) as Host,
      tell: () => {},
    };
    return this.#answer('pre-deploy', () => deployedChange(this.#repository, order), landedChecks, policyCheck);
  }

  /** What the audit of a branch calls uncovered, as `commit path`; null: nothing could be said. After `deploy` of the same tips. */
  async audited(branch: string): Promise<ReadonlySet<string> | null> {
    const order = { branch, since: null, after: null, received: null, world: this.#world() };
    try {
      const { changes } = await audit(this.#repository, order);
      const open = changes.filter(({ verdict, takenBack }) => verdict === 'uncovered' && !takenBack);
      return new Set(open.map(({ commit, path }) => `${commit} ${path}`));
    } catch (error) {
      if (!(error instanceof Undecided || error instanceof UsageError)) throw error;
      return null;
    }
  }

  #ci(source: () => Promise<Sourced>): Promise<Answer> {
    return this.#answer('ci', source, protectedFiles, policyCheck);
  }

  async #answer(
    gate: 'ci' | 'pre-deploy',
    source: () => Promise<Sourced>,
    files: AnyCheck,
    policy: AnyCheck,
  ): Promise<Answer> {
    try {
      const sourced = await source();
      const { loaded, changes } = sourced;
      const change = changes[0];
      if (!loaded || !change) return { files: [], policy: [], errored: null };
      const shared = sharedContext({ ...sourced, loaded, gate }, change, this.#repository, this.#world());
      const run = async (check: AnyCheck): Promise<Problem[]> => {
        const seen = contextOf(check, shared, { options: undefined, signal: this.#signal });
        const found = await check.run((seen as { context: never }).context);
        return 'skipped' in found ? [] : ([...found] as Problem[]);
      };
      return { files: await run(files), policy: await run(policy), errored: null };
    } catch (error) {
      if (!(error instanceof Undecided || error instanceof UsageError)) throw error;
      return { files: [], policy: [], errored: error.message };
    }
  }

  #world(): World {
    const signal = this.#signal;
    return { env: {}, now: new Date(), agent: null, commands: false, signal, userId: () => 1, progress: () => {} };
  }
}

const said: Omit<CiEvent, 'kind'> = {
  ...unsaid,
  system: null,
  defaultBranch: 'main',
  help: { depth: 'git fetch --unshallow' },
};
