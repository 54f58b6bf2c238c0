import { setTimeout as sleep } from 'node:timers/promises';
import { is, match, ok } from 'uvu/assert';
import { begin, type Deployed, deployable, stopServices, until } from './support/deploys.ts';
import { suite } from './support/suite.ts';

const test = suite('deploy: killed');
test.after(stopServices);

/** Deploys, and is killed once a line of the journal is on disk. */
async function killedAt(
  { repo, lines }: Deployed,
  commit: string,
  isThere: () => boolean,
  signal: NodeJS.Signals = 'SIGKILL',
) {
  const { child, end } = begin(repo, 'deploy');
  await until('that step', () => lines()[0]?.['commit'] === commit && lines()[0]?.['pid'] === child.pid && isThere());
  process.kill(child.pid!, signal);
  return end;
}

test('killed before anything is changed, the next deploy simply begins', async () => {
  const deployed = await deployable();
  const { repo, lines, runs } = deployed;
  const first = repo.head();
  for (const step of ['begin', 'checked', 'way back checked'] as const) {
    await killedAt(deployed, first, () => lines().some((line) => line.step === step));
    if (lines().some((line) => line.step === 'will run')) continue; // It was quicker than the kill.
    is(await runs(), null, step);
    match(repo.protect('deploy', 'status').out, 'unchanged');
  }
  if (lines().some((line) => line.step === 'will run')) await resumed(deployed);
  else is(repo.protect('deploy').code, 0);
  is(await runs(), first);
});

/** Once the command that outlived the kill has ended. */
async function resumed({ repo }: Deployed, ...more: string[]) {
  for (let n = 0; ; n++) {
    const done = repo.protect('deploy', 'resume', ...more);
    if (done.code !== 3 || n > 100) return done;
    match(done.out, 'still runs');
    await sleep(200);
  }
}

test('killed once it was changed, nothing goes on until somebody has said what stands: resume finishes what is there', async () => {
  const deployed = await deployable();
  const { repo, change, lines, runs } = deployed;
  is(repo.protect('deploy').code, 0);
  for (const step of ['ran', 'ready', 'sample'] as const) {
    const commit = change('good', { step });
    await killedAt(deployed, commit, () => lines().some((line) => line.step === step));
    const next = repo.protect('deploy');
    is(next.code, 3, `${step}: ${next.out}`);
    match(next.out, 'was cut off, and nobody has said what stands');
    is(repo.protect('deploy', 'status').code, 1);
    const done = await resumed(deployed);
    is(done.code, 0, `${step}: ${done.out}`);
    match(done.out, `it stopped after '`);
    is(lines().at(-1)!['state'], 'live');
    is(await runs(), commit);
  }
});

test('killed in the middle of run or of the way back, resume --undo brings back what ran, verified', async () => {
  const deployed = await deployable();
  const { repo, change, lines } = deployed;
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const steps = [
    ['good', () => lines().some(({ step }) => step === 'will run')],
    ['hangs', () => lines().some(({ command }) => command === 'run')],
    ['sick', () => lines().some(({ step }) => step === 'will take back')],
    ['sick', () => lines().some(({ step }) => step === 'took back')],
  ] as const;
  for (const [n, [mode, isThere]] of steps.entries()) {
    const commit = change(mode, { n: String(n) });
    await killedAt(deployed, commit, isThere);
    if (lines().at(-1)!.step === 'ended') continue; // It was quicker than the kill.
    const runs = lines().at(-1)!;
    if (mode === 'hangs') process.kill(-Number(runs['pid']), 'SIGKILL');
    const done = await resumed(deployed, '--undo');
    ok(done.code === 4, `${n} ${mode}: ${done.out}`);
    is(lines().at(-1)!['state'], 'taken-back');
    is(await deployed.runs(), first);
  }
});

test('asked to stop a second time, it stops in the way back and says where it stands', async () => {
  const deployed = await deployable({ way: 'undo: sleep 30' });
  const { repo, change, lines } = deployed;
  is(repo.protect('deploy').code, 0);
  const commit = change('good', { b: 'b' });
  const { child, end } = begin(repo, 'deploy');
  await until('it watches', () => lines()[0]?.['commit'] === commit && lines().some(({ step }) => step === 'sample'));
  child.kill('SIGTERM');
  await until('it goes back', () => lines().some(({ command }) => command === 'undo'));
  child.kill('SIGTERM');
  const { code, out } = await end;
  is(code, 5, out);
  match(out, 'undo was interrupted');
  is(lines().at(-1)!['state'], 'stuck');
});

test('unlock closes what is over, with its reason in the journal', async () => {
  const deployed = await deployable();
  const { repo, change, lines } = deployed;
  is(repo.protect('deploy').code, 0);
  const commit = change('good', { b: 'b' });
  await killedAt(deployed, commit, () => lines().some(({ step }) => step === 'ready'));
  is(repo.protect('deploy').code, 3);
  is(repo.protect('deploy', 'unlock').code, 2, 'a reason is asked for');
  const done = repo.protect('deploy', 'unlock', 'production', '--reason', 'it was mended by hand');
  is(done.code, 0, done.out);
  match(done.out, 'production is free: the deploy of');
  is(lines().at(-1)!['reason'], 'it was mended by hand');
});

test('a run that lives is not passed over without an owner', async () => {
  const deployed = await deployable();
  const { repo, lines } = deployed;
  const { end } = begin(repo, 'deploy');
  await until('it watches', () => lines().some(({ step }) => step === 'sample'));
  const agent = repo.protectWith({ env: { CLAUDECODE: '1' } }, 'deploy', 'unlock', '--reason', 'I want to');
  is(agent.code, 1, agent.out);
  const none = repo.protect('deploy', 'unlock', '--reason', 'I want to');
  ok(none.code !== 0, none.out);
  is((await end).code, 0);
});
