import type { Tick } from '../approvals/waiver.ts';
import type { Repository } from '../git/repository.ts';
import { realHost } from '../machine/host.ts';
import type { DeployEnvironment, Report } from '../model/index.ts';
import { deployedChange } from '../sources/deploy.ts';
import type { Sourced } from '../sources/staged.ts';
import type { Io } from './io.ts';
import { markRollbackPoint, refuseTakenTag } from './rollback-point.ts';
import { countingTicks, type Grants, granted, savedGrants, saveWaivers, withTicks } from './waivers.ts';

interface DeployGateOptions {
  /** Null: the only one. */
  readonly environment: string | null;
  /** Waivers and ticks of the command line. */
  readonly given: Grants;
  /** Ask the remote? */
  readonly fetch: boolean;
  /** Where the walk through history begins by the word of a person; null: by the policy. */
  readonly readopt: string | null;
  /** Is the commit to become a rollback point? */
  readonly tag: boolean;
  /** May that be there already, on the same commit? */
  readonly again?: boolean;
  tell(text: string): void;
}

/** What the gate before a deploy judges, and what is known of it afterwards. */
export class DeployGate {
  readonly #io: Io;
  readonly #options: DeployGateOptions;
  #sourced: Sourced | null = null;
  #ticks: readonly Tick[] = [];

  constructor(io: Io, options: DeployGateOptions) {
    this.#io = io;
    this.#options = options;
  }

  async source(repository: Repository): Promise<Sourced> {
    const { given, tag, fetch, environment, readopt, tell } = this.#options;
    const { env, userId, now } = this.#io;
    const sourced = await deployedChange(repository, {
      environment,
      replaced: null,
      readopt,
      now: now(),
      pushed: null,
      fetch,
      tell,
      host: (topLevel) => realHost(topLevel, env, userId),
    });
    this.#sourced = sourced;
    if (tag) await refuseTakenTag(repository, sourced, now(), this.#options.again);
    const waivers = granted(sourced, given.waivers, now());
    if (sourced.deployment?.environment.trigger === 'push')
      await saveWaivers(repository, [...given.waivers, ...given.ticks]);
    this.#ticks = countingTicks(sourced, given.ticks, (await savedGrants(repository)).ticks, now());
    return { ...withTicks(sourced, this.#ticks), waivers };
  }

  /** The environment by which it was judged. */
  get environment(): DeployEnvironment | null {
    return this.#sourced?.deployment?.environment ?? null;
  }

  /** Marks what passed as a rollback point. @returns the name of the tag */
  async mark(repository: Repository, report: Report, push: boolean, say: (line: string) => void): Promise<string> {
    if (this.#sourced === null) return '';
    const grants = [...this.#options.given.waivers, ...this.#ticks];
    return markRollbackPoint(repository, { sourced: this.#sourced, report, grants, push, now: this.#io.now(), say });
  }
}
