import fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { decide, type Kept } from '../src/backups/keep.ts';
import { suite } from './support/suite.ts';

const test = suite('backups: keep');
const at = (text: string) => new Date(text);
const day = 86_400_000;

const backup = (created: string, more: Partial<Kept> = {}): Kept => ({
  id: created,
  createdAt: at(created),
  whole: true,
  testedAt: null,
  pinned: null,
  ...more,
});

test('the newest of each day and week, by the calendar of the zone', () => {
  const backups = ['2026-11-01T23:30:00Z', '2026-11-02T00:30:00Z', '2026-11-02T12:00:00Z', '2026-11-03T01:00:00Z'].map(
    (time) => backup(time),
  );
  const tested = [...backups.slice(0, 3), backup('2026-11-03T02:00:00Z', { testedAt: at('2026-11-03T03:00:00Z') })];
  const kept = (zone: string) =>
    decide(tested, { daily: 2 }, zone, at('2026-11-03T04:00:00Z'))
      .filter(({ keep }) => keep)
      .map(({ id }) => id);
  equal(kept('UTC'), ['2026-11-03T02:00:00Z', '2026-11-02T12:00:00Z']);
  equal(kept('Pacific/Kiritimati'), ['2026-11-03T02:00:00Z', '2026-11-02T00:30:00Z'].sort().reverse());
});

test('a loop of retries does not fill last', () => {
  const retries = Array.from({ length: 20 }, (_, n) => backup(`2026-11-03T02:${String(n + 10)}:00Z`));
  const old = backup('2026-11-01T02:00:00Z');
  const newest = backup('2026-11-03T05:00:00Z', { testedAt: at('2026-11-03T06:00:00Z') });
  const kept = decide([...retries, old, newest], { last: 3 }, 'UTC', at('2026-11-03T07:00:00Z')).filter(
    ({ keep }) => keep,
  );
  equal(
    kept.map(({ id }) => id),
    [newest.id, retries[19]!.id, old.id],
  );
});

test('where nothing was tested nothing goes; what is newer than the newest tested one stays', () => {
  const backups = [backup('2026-11-01T02:00:00Z'), backup('2026-11-02T02:00:00Z')];
  is(
    decide(backups, { last: 1 }, 'UTC', at('2026-11-05T00:00:00Z')).every(({ keep }) => keep),
    true,
  );
  const one = [{ ...backups[0]!, testedAt: at('2026-11-01T03:00:00Z') }, backups[1]!];
  is(
    decide(one, {}, 'UTC', at('2026-11-05T00:00:00Z')).every(({ keep }) => keep),
    true,
  );
});

test('random histories: the newest tested one stays, and every reason is true', () => {
  const history = fc.array(
    fc.record({
      hours: fc.integer({ min: -48, max: 24 * 90 }),
      whole: fc.boolean(),
      tested: fc.boolean(),
      pinned: fc.boolean(),
    }),
    { maxLength: 40 },
  );
  const rules = fc.record(
    {
      last: fc.integer({ min: 1, max: 4 }),
      daily: fc.integer({ min: 1, max: 9 }),
      weekly: fc.integer({ min: 1, max: 5 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(history, rules, (made, keep) => {
      const now = at('2026-11-27T12:00:00Z');
      const backups = made.map(({ hours, whole, tested, pinned }, n) => {
        const createdAt = new Date(now.getTime() - hours * 3_600_000);
        return { id: `b${n}`, createdAt, whole, testedAt: tested ? now : null, pinned: pinned ? 'pinned' : null };
      });
      const decisions = decide(backups, keep, 'UTC', now);
      is(decisions.length, backups.length);
      const of = (id: string) => backups.find((each) => each.id === id)!;
      const proven = backups.filter(({ whole, testedAt }) => whole && testedAt !== null);
      const newest = proven.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
      for (const { id, keep: stays, reason } of decisions) {
        const it = of(id);
        if (stays) continue;
        ok(newest !== undefined && newest.createdAt > it.createdAt, `${id} goes: ${reason}`);
        is(it.pinned, null);
        ok(it.createdAt <= now);
        ok(
          reason.includes(
            decisions.find((other) => other.reason === 'the newest tested one' || of(other.id).pinned !== null)!.id,
          ) || reason.includes('newer and tested'),
        );
      }
      // Of what goes nothing is younger than the rule that would have kept it.
      if (keep.daily !== undefined) {
        const days = new Set(
          backups.filter(({ whole }) => whole).map(({ createdAt }) => createdAt.toISOString().slice(0, 10)),
        );
        const newestDays = [...days].sort().reverse().slice(0, keep.daily);
        const keptDays = new Set(
          decisions.filter((each) => each.keep).map(({ id }) => of(id).createdAt.toISOString().slice(0, 10)),
        );
        for (const each of newestDays) ok(keptDays.has(each), `${each} is kept`);
      }
    }),
    { numRuns: 2000 },
  );
});

test('thirty days of daily backups, with tests that fail and a clock that jumps, end with what was promised', () => {
  let backups: Kept[] = [];
  for (let n = 0; n < 30; n++) {
    const now = new Date(at('2026-10-01T02:00:00Z').getTime() + n * day);
    const made = n % 7 === 3 ? new Date(now.getTime() + 400 * day) : now;
    if (n % 11 !== 5) backups.push({ id: `d${n}`, createdAt: made, whole: n % 9 !== 4, testedAt: null, pinned: null });
    if (n % 3 !== 1)
      backups = backups.map((each) => (each.id === `d${n}` && each.whole ? { ...each, testedAt: now } : each));
    const decisions = decide(backups, { daily: 7 }, 'UTC', now);
    const proven = backups
      .filter((each) => each.whole && each.testedAt !== null)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    backups = backups.filter(({ id }) => decisions.find((each) => each.id === id)!.keep);
    if (proven.length > 0)
      ok(
        backups.some(({ id }) => id === proven.at(-1)!.id),
        `day ${n}`,
      );
    ok(backups.length <= 30);
  }
});
