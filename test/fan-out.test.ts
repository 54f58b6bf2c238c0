import { equal, is } from 'uvu/assert';
import { fanOut } from '../src/git/fan-out.ts';
import { suite } from './support/suite.ts';

const test = suite('fan-out');

/** Counts how often the source is opened, and how far ahead of its readers it runs. */
function counted(length: number, failsAt = -1) {
  const state = { opened: 0, closed: 0 };
  const open = async function* () {
    state.opened++;
    try {
      for (let piece = 0; piece < length; piece++) {
        if (piece === failsAt) throw new Error('broken');
        yield piece;
      }
    } finally {
      state.closed++;
    }
  };
  return { state, all: fanOut(open) };
}

async function collect(pieces: AsyncIterable<number>, stopAt = Number.POSITIVE_INFINITY): Promise<number[]> {
  const seen: number[] = [];
  for await (const piece of pieces) {
    seen.push(piece);
    if (seen.length >= stopAt) break;
  }
  return seen;
}

test('all who start together share one reading, and each sees all of it', async () => {
  const { state, all } = counted(5);
  equal(await Promise.all([collect(all()), collect(all()), collect(all())]), Array(3).fill([0, 1, 2, 3, 4]));
  is(state.opened, 1);
  is(state.closed, 1);
});

test('whoever starts later gets a reading of their own', async () => {
  const { state, all } = counted(3);
  equal(await collect(all()), [0, 1, 2]);
  equal(await collect(all()), [0, 1, 2]);
  is(state.opened, 2);
});

test('one who leaves early keeps nobody waiting', async () => {
  const { state, all } = counted(5);
  equal(await Promise.all([collect(all(), 2), collect(all())]), [
    [0, 1],
    [0, 1, 2, 3, 4],
  ]);
  is(state.closed, 1);
  const alone = counted(1000);
  equal(await collect(alone.all(), 1), [0]);
  await new Promise((done) => setTimeout(done, 10));
  is(alone.state.closed, 1, 'the source is closed when the last one leaves');
});

test('an error reaches everybody', async () => {
  const { all } = counted(5, 2);
  const ended = await Promise.allSettled([collect(all()), collect(all())]);
  equal(
    ended.map((one) => (one.status === 'rejected' ? (one.reason as Error).message : 'passed')),
    ['broken', 'broken'],
  );
});
