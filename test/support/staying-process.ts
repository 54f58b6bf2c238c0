import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

/** A command to run. */
export interface Order {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input: string | Buffer;
  readonly args: readonly string[];
}

export interface Answer {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** How hooks ask the process that stays: see staying-hooks.ts. */
export interface HookPipes {
  readonly requests: string;
  readonly answer: string;
  /** There while a hook is being judged. */
  readonly busy: string;
}

/**
 * Runs `protect` in a process that stays, in the folder and environment of the order: most of what a command costs is the
 * start of its process. The same code, compiled file by file; what is built is run by hooks, but for those of staying-hooks.ts,
 * and by whatever is about the process.
 */
export function runStaying(order: Order, ownEnvironment: NodeJS.ProcessEnv): Answer {
  const { port, done } = startStaying(ownEnvironment);
  const before = Atomics.load(done, 0);
  port.postMessage(order);
  if (Atomics.wait(done, 0, before, 120_000) === 'timed-out')
    throw new Error(`protect ${order.args.join(' ')} did not end`);
  const answer = receiveMessageOnPort(port)!.message as Answer | { broken: string };
  if ('broken' in answer) throw new Error(`protect ${order.args.join(' ')}: ${answer.broken}`);
  return answer;
}

let commands: ReturnType<typeof start> | undefined;

/** Starts the process that stays, unless that is done. */
export function startStaying(ownEnvironment: NodeJS.ProcessEnv, hooks?: HookPipes): ReturnType<typeof start> {
  if (commands !== undefined && hooks !== undefined) throw new Error('hooks cannot stay any more');
  commands ??= start(ownEnvironment, hooks);
  return commands;
}

function start(env: NodeJS.ProcessEnv, hooks?: HookPipes) {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./command-relay.js', import.meta.url), {
    workerData: { port: port2, done, hooks },
    transferList: [port2],
    env: env as NodeJS.Dict<string>,
  });
  worker.unref();
  port1.unref();
  return { port: port1, done };
}
