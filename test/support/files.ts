import { pathToFileURL } from 'node:url';
import { hooksGo, hooksStay } from './staying-hooks.ts';

/**
 * Tests one file after the other in one process, as run.mjs names them: what most files cost is Node's start, that of the
 * process that stays, and code that V8 has not seen twice. Ends when run.mjs has none left.
 */
declare global {
  var UVU_DEFER: 1;
  var UVU_QUEUE: unknown[][];
}
globalThis.UVU_DEFER = 1;
const { exec } = await import('uvu');
// So that the process that stays is ready for hooks, whichever file starts it.
hooksStay();

process.on('message', async (file: string | null) => {
  if (file === null) return process.disconnect();
  globalThis.UVU_QUEUE = [[null]];
  hooksGo();
  await import(pathToFileURL(file).href);
  // Behind what suite.ts put off.
  await new Promise((done) => setImmediate(done));
  await exec();
  process.stdout.write(`\n# ended with ${process.exitCode}\n`);
  // It is told; from here on it is that of the process.
  process.exitCode = 0;
});
