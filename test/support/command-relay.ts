import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type MessagePort, workerData } from 'node:worker_threads';
import type { Answer, HookPipes, Order } from './staying-process.ts';

/** Hands orders to the process that stays, and its answers back, while the thread of the tests waits: see staying-process.ts. */
const { port, done, hooks } = workerData as { port: MessagePort; done: Int32Array; hooks?: HookPipes };
const commands = fork(
  fileURLToPath(new URL('./command-process.js', import.meta.url)),
  hooks === undefined ? [] : [JSON.stringify(hooks)],
  { serialization: 'advanced' },
);

port.on('message', (order: Order) => commands.send(order));
commands.on('message', (answer) => reply(answer as Answer));
commands.on('exit', (code, signal) => reply({ broken: `the process of the commands ended (${signal ?? code})` }));

function reply(answer: Answer | { broken: string }): void {
  port.postMessage(answer);
  Atomics.add(done, 0, 1);
  Atomics.notify(done, 0);
}
