import type { AsyncHook } from 'node:async_hooks';

/** Milliseconds of a clock that only goes forward; `performance` would cost a hook 2 ms to load. */
export function milliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How long a piece of work took, in milliseconds, and what it threw. */
export interface Timed {
  readonly durationMs: number;
  readonly error: { readonly reason: unknown } | null;
}

export interface Clock {
  time(work: () => Promise<void>): Promise<Timed>;
  stop(): void;
}

async function elapsed(work: () => Promise<void>): Promise<Timed> {
  const started = milliseconds();
  const error = await work().then(
    () => null,
    (reason: unknown) => ({ reason }),
  );
  return { durationMs: milliseconds() - started, error };
}

/** From the start to the end. */
export const plainClock: Clock = { time: elapsed, stop: () => {} };

/** What one piece of work has had of the thread, in milliseconds. */
interface Turn {
  held: number;
}

/**
 * A clock for work that goes on side by side on one thread: while another piece holds the thread, a piece only waits, and
 * that does not count. What is waited for outside, such as Git or a server, does.
 */
export function sharedClock(): Clock {
  const turns = new Map<number, Turn>();
  const stack: { turn: Turn | undefined; since: number }[] = [];
  let all = 0;
  const enter = (turn: Turn | undefined) => stack.push({ turn, since: milliseconds() });
  const leave = () => {
    const left = stack.pop();
    if (left?.turn === undefined) return;
    const held = milliseconds() - left.since;
    left.turn.held += held;
    all += held;
  };
  const hook: AsyncHook = process
    .getBuiltinModule('node:async_hooks')
    .createHook({
      init(id) {
        const turn = stack.at(-1)?.turn;
        if (turn) turns.set(id, turn);
      },
      before: (id) => void enter(turns.get(id)),
      after: leave,
      destroy: (id) => void turns.delete(id),
    })
    .enable();
  return {
    async time(work) {
      const turn: Turn = { held: 0 };
      const before = all;
      const timed = await elapsed(() => {
        enter(turn);
        try {
          return work();
        } finally {
          leave();
        }
      });
      return { ...timed, durationMs: Math.max(0, timed.durationMs - (all - before - turn.held)) };
    },
    stop: () => void hook.disable(),
  };
}
