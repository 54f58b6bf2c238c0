import type { World } from '../../src/context/world.ts';
import { Repository } from '../../src/git/repository.ts';
import { exitCodeOf, judge } from '../../src/judge/index.ts';
import { textReport } from '../../src/report/text.ts';
import { receivedChanges } from '../../src/sources/received.ts';

/** A pre-receive hook made of the library, as Git runs it: quarantined objects, bare repository, lines on stdin. */
const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
const repository = new Repository(process.cwd(), process.env, 'quarantine');
const world: World = {
  env: process.env,
  now: new Date(),
  agent: null,
  commands: false,
  signal: new AbortController().signal,
  userId: () => null,
  progress: () => {},
};
try {
  const report = await judge({
    gate: 'pre-receive',
    repository,
    world,
    source: () => receivedChanges(repository, Buffer.concat(chunks)),
  });
  process.stderr.write(textReport(report, false));
  process.exitCode = exitCodeOf(report);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
} finally {
  repository.close();
}
