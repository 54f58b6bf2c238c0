import { type Capability, type Check, type CheckSettings, type Context, Undecided } from '../model/index.ts';

/**
 * Runs a check on one change after the other, each under the check's time limit. One timer and one listener for all: a
 * push may move a hundred thousand refs.
 */
export class TimeLimit {
  readonly #check: Check;
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  #stop: (reason: Undecided) => void = () => {};

  /** @param outer aborts when the run is interrupted */
  constructor(check: Check, settings: CheckSettings, outer: AbortSignal) {
    this.#check = check;
    this.#outer = outer;
    if (check.stopsItself || check.timeout === 0) return;
    const limit = settings.timeout ?? check.timeout;
    const help = `raise checks.${check.id}.timeout in the policy`;
    const late = () => this.#stop(new Undecided(`it took longer than ${limit / 1000} s`, help));
    if (limit > 0) this.#timer = setTimeout(late, limit);
    outer.addEventListener('abort', this.#interrupted, { once: true });
  }

  readonly #interrupted = () => this.#stop(interruption());

  /**
   * What the check says while it is being interrupted is no answer: commands may well end without a complaint when they
   * are stopped.
   * @throws Undecided when the time is over, or the run was interrupted
   */
  async run(context: Context<Capability>): ReturnType<Check['run']> {
    if (this.#outer.aborted) throw interruption();
    this.#timer?.refresh();
    const found = await new Promise<Awaited<ReturnType<Check['run']>>>((done, fail) => {
      this.#stop = fail;
      this.#check.run(context).then(done, fail);
    });
    if (this.#outer.aborted) throw interruption();
    return found;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#interrupted);
  }
}

function interruption(): Undecided {
  return new Undecided('it was interrupted');
}
