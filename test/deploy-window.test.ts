import { equal, is, match } from 'uvu/assert';
import { deployWindow } from '../src/checks/deploy-window.ts';
import type { DeployWindow } from '../src/model/index.ts';
import { isWithin, localTime, nextOpening } from '../src/readers/calendar.ts';
import { findings, predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { newRepo } from './support/world.ts';

const test = suite('deploy-window');
const repo = newRepo();
repo.commit('chore: start', { 'a.txt': 'a' });

const office = { timezone: 'Europe/London', days: ['mon', 'tue', 'wed', 'thu'], hours: '09:00-16:00' };
const at = (now: string, environment: Record<string, unknown>, agent: string | null = null) =>
  findings(deployWindow, { repo, environment, now: new Date(now), agent });
const said = async (now: string, environment: Record<string, unknown>) =>
  (await at(now, environment)).map(({ message, help }) => `${message}\n${help}`).join('\n');

test('skipped where neither is configured', async () => {
  const found = await deployWindow.run(predeployContext({ repo }));
  equal(found, { skipped: 'neither a window nor a freeze is configured' });
});

test('the start is within, the end is not', async () => {
  equal(await at('2026-11-19T09:00:00Z', { window: office }), []);
  equal(await at('2026-11-19T15:59:59.999Z', { window: office }), []);
  is((await at('2026-11-19T08:59:59.999Z', { window: office })).length, 1);
  is((await at('2026-11-19T16:00:00Z', { window: office })).length, 1);
});

test('the finding says the time there, the hours, and when it opens', async () => {
  const [problem, ...more] = await at('2026-11-20T11:30:00Z', { window: office });
  equal(more, []);
  is(
    problem!.message,
    'it is Friday 2026-11-20 11:30 in Europe/London, outside the window Monday to Thursday 09:00-16:00',
  );
  is(
    problem!.help,
    'wait until Monday 2026-11-23 09:00, or an owner waives it: npx git-protect approve --deploy production --waive deploy-window --reason "…"',
  );
  const [told] = await at('2026-11-20T11:30:00Z', { window: office }, 'an agent');
  is(told!.help, 'wait until Monday 2026-11-23 09:00; only an owner can waive it: ask lead');
});

test('the zone decides the day and the hour, summer time included', async () => {
  equal(await at('2026-07-06T08:00:00Z', { window: office }), [], '09:00 in summer');
  is((await at('2026-07-06T15:00:00Z', { window: office })).length, 1, '16:00 in summer');
  equal(await at('2026-11-19T15:00:00Z', { window: office }), [], '15:00 in winter');
  const kiritimati = { window: { timezone: 'Pacific/Kiritimati', days: ['mon'] } };
  equal(await at('2026-11-22T10:00:00Z', kiritimati), []);
  is((await at('2026-11-23T10:00:00Z', kiritimati)).length, 1);
  const kathmandu = { window: { timezone: 'Asia/Kathmandu', hours: '09:45-09:46' } };
  equal(await at('2026-11-22T04:00:30Z', kathmandu), []);
});

test('an hour that is skipped never comes, one that is repeated comes twice', async () => {
  const window = { timezone: 'Europe/London', hours: '01:00-02:00' };
  match(await said('2026-03-29T00:59:59Z', { window }), 'it is Sunday 2026-03-29 00:59');
  match(await said('2026-03-29T01:00:00Z', { window }), 'it is Sunday 2026-03-29 02:00');
  match(
    await said('2026-03-29T00:59:59Z', { window }),
    'wait until Monday 2026-03-30 01:00',
    'that day has no such hour',
  );
  equal(await at('2026-10-25T00:30:00Z', { window }), []);
  equal(await at('2026-10-25T01:30:00Z', { window }), []);
  is((await at('2026-10-25T02:00:00Z', { window })).length, 1);
});

test('hours that begin in the skipped hour open with the jump, and the repeated one opens again', () => {
  const hours = (from: number, to: number): DeployWindow => ({
    timezone: 'Europe/London',
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    hours: { from, to },
  });
  const next = (now: string, window: DeployWindow) =>
    nextOpening(new Date(now), { window, freezes: [] })?.toISOString() ?? null;
  is(next('2026-03-29T00:10:00Z', hours(90, 180)), '2026-03-29T01:00:00.000Z');
  is(next('2026-10-25T00:40:00Z', hours(60, 90)), '2026-10-25T01:00:00.000Z');
  is(next('2026-10-25T01:40:00Z', hours(60, 90)), '2026-10-26T01:00:00.000Z');
});

test('hours over midnight belong to the day on which they began', async () => {
  const window = { timezone: 'UTC', days: ['thu'], hours: '22:00-02:00' };
  equal(await at('2026-11-19T22:00:00Z', { window }), []);
  equal(await at('2026-11-20T01:59:59Z', { window }), [], 'friday morning is still the night of thursday');
  is((await at('2026-11-20T02:00:00Z', { window })).length, 1);
  is((await at('2026-11-20T22:00:00Z', { window })).length, 1, 'friday night');
  is((await at('2026-11-19T01:00:00Z', { window })).length, 1, 'the night of wednesday');
  match(await said('2026-11-20T22:00:00Z', { window }), 'wait until Thursday 2026-11-26 22:00');
  const late = { timezone: 'UTC', hours: '20:00-24:00' };
  equal(await at('2026-11-19T23:59:59Z', { window: late }), []);
  is((await at('2026-11-20T00:00:00Z', { window: late })).length, 1);
});

test('freezes hold on both their days, in the zone of the window, else in UTC', async () => {
  const freezes = [{ from: '2026-12-20', to: '2027-01-04', reason: 'year end' }];
  match(
    await said('2026-12-20T00:00:00Z', { freezes }),
    'it is Sunday 2026-12-20 00:00 in UTC, in the freeze from 2026-12-20 to 2027-01-04 (year end)\nwait until Tuesday 2027-01-05 00:00',
  );
  equal(await at('2026-12-19T23:59:59Z', { freezes }), []);
  is((await at('2027-01-04T23:59:59Z', { freezes })).length, 1);
  equal(await at('2027-01-05T00:00:00Z', { freezes }), []);
  const window = { timezone: 'America/New_York' };
  equal(await at('2026-12-20T04:59:59Z', { window, freezes }), [], 'the 19th in New York');
  is((await at('2027-01-05T04:59:59Z', { window, freezes })).length, 1, 'the 4th in New York');
});

test('outside the hours and in a freeze: both are said, and the opening is behind both', async () => {
  const freezes = [
    { from: '2026-12-20', to: '2026-12-31', reason: 'year end' },
    { from: '2026-12-31', to: '2027-01-05', reason: 'audit' },
  ];
  const text = await said('2026-12-31T20:00:00Z', { window: office, freezes });
  match(text, 'outside the window');
  match(text, '(year end)');
  match(text, '(audit)');
  match(text, 'wait until Wednesday 2027-01-06 09:00');
});

test('where nothing opens, that is said', async () => {
  const freezes = [{ from: '2026-01-01', to: '2099-01-01' }];
  const [problem] = await at('2026-12-31T20:00:00Z', { freezes });
  match(problem!.message, 'no window opens within two years');
  match(problem!.help!, 'have an owner correct the window in the policy');
});

test('midnight that is skipped, and a day that is', () => {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
  const daily = (timezone: string): DeployWindow => ({ timezone, days, hours: { from: 0, to: 60 } });
  const cairo = nextOpening(new Date('2026-04-23T12:00:00Z'), { window: daily('Africa/Cairo'), freezes: [] })!;
  equal(localTime(cairo, 'Africa/Cairo'), { date: '2026-04-25', weekday: 'sat', minutes: 0 });
  const apia = nextOpening(new Date('2011-12-30T05:00:00Z'), { window: daily('Pacific/Apia'), freezes: [] })!;
  equal(localTime(apia, 'Pacific/Apia'), { date: '2011-12-31', weekday: 'sat', minutes: 0 });
});

test('the next opening is open, and nothing before it is', () => {
  const zones = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'];
  for (const [index, timezone] of zones.entries())
    for (const hours of [
      { from: 540, to: 960 },
      { from: 1320, to: 120 },
      { from: 90, to: 150 },
    ]) {
      const window: DeployWindow = { timezone, days: ['tue', 'sat', 'sun'], hours };
      const now = new Date(Date.UTC(2026, 2 + index * 2, 27, 13, 7));
      const opening = nextOpening(now, { window, freezes: [] })!;
      const open = (time: number) => isWithin(localTime(new Date(time), timezone), window);
      is(open(opening.getTime()), true, `${timezone} ${hours.from}`);
      if (open(now.getTime())) continue;
      for (let time = now.getTime(); time < opening.getTime(); time += 60_000) is(open(time), false);
    }
});
