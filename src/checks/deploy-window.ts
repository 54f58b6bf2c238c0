import type { Check, Context, DeployWindow, Problem } from '../model/index.ts';
import { weekdays } from '../model/policy.ts';
import {
  type Calendar,
  dayNames,
  freezesOn,
  isWithin,
  localTime,
  nextOpening,
  showLocal,
  showMinutes,
  zoneOf,
} from '../readers/calendar.ts';
import { freezeFault, freezesFolder, readFreeze } from '../readers/freeze.ts';
import { shellWord } from '../words/shell-word.ts';

/** Refuses a deploy outside its hours and in a freeze. */
export const deployWindow: Check<'deploy' | 'contents'> = {
  id: 'deploy-window',
  summary: 'A deploy starts within its hours, and not during a freeze.',
  gates: ['pre-deploy'],
  needs: ['deploy', 'contents'],
  weakenable: true,
  timeout: 30_000,
  docs: {
    since: '0.1.0',
    why: 'What breaks after a deploy is fixed by whoever is there. Hours, days and freezes say when somebody is.',
    fix: 'Wait until the time that the report names. If it cannot wait, an owner waives this check for one commit: `npx git-protect approve --deploy ENVIRONMENT --waive deploy-window --reason "…"`. Hours are local time in `window.timezone`, UTC by default: an hour that is skipped when clocks go forward never comes, one that is repeated counts both times. The hours exclude their end; a freeze includes its first and last day. Hours that span midnight belong to the day on which they began.',
  },
  async run(context) {
    const { deploy, now } = context;
    const calendar = deploy.environment;
    const stopped = await freezes(context);
    if (stopped.length > 0) return stopped;
    if (calendar.window === null && calendar.freezes.length === 0)
      return { skipped: 'neither a window nor a freeze is configured' };
    const local = localTime(now, zoneOf(calendar));
    const frozen = freezesOn(local.date, calendar.freezes);
    const why = [
      ...(isWithin(local, calendar.window) ? [] : [`outside ${described(calendar.window!)}`]),
      ...frozen.map(({ from, to, reason }) => `in the freeze from ${from} to ${to}${reason ? ` (${reason})` : ''}`),
    ];
    if (why.length === 0) return [];
    const opens = openingOf(calendar, now);
    const message = `it is ${showLocal(local)} in ${zoneOf(calendar)}, ${why.join(' and ')}${opens ? '' : '; no window opens within two years'}`;
    return [{ message, help: help(context, opens) }];
  },
};

/** Every freeze that stands in what is deployed, each with who put it up. */
async function freezes(context: Context<'deploy' | 'contents'>): Promise<Problem[]> {
  const found: Problem[] = [];
  for (const path of await context.contents.paths()) {
    if (!path.startsWith(freezesFolder) || !path.endsWith('.freeze')) continue;
    const state = await context.contents.stateAt(path);
    const content = state === null ? null : await context.contents.blobUpTo(state.oid, 4096);
    found.push({ path, message: stop(content), help: 'npx git-protect thaw, once an owner says so' });
  }
  return found;
}

/** One that cannot be read stops as well. */
function stop(content: Buffer | null): string {
  if (content === null || freezeFault(`${freezesFolder}20000101T000000Z-x.freeze`, content) !== null)
    return 'deploys are frozen, and nobody can read why';
  const { reason, by, at } = readFreeze(content);
  return `deploys are frozen since ${at} by ${by}: ${reason}`;
}

function openingOf(calendar: Calendar, now: Date): string | null {
  const opening = nextOpening(now, calendar);
  return opening && showLocal(localTime(opening, zoneOf(calendar)));
}

/** `the window Monday to Thursday 09:00-16:00` */
function described({ days, hours }: DeployWindow): string {
  const said = weekdays.filter((name) => days.includes(name));
  const isRow = said.length > 2 && weekdays.indexOf(said.at(-1)!) - weekdays.indexOf(said[0]!) === said.length - 1;
  const shown = isRow
    ? `${dayNames[said[0]!]} to ${dayNames[said.at(-1)!]}`
    : said.map((name) => dayNames[name]).join(', ');
  const on = said.length === weekdays.length ? '' : `${shown} `;
  return `the window ${on}${showMinutes(hours.from)}-${showMinutes(hours.to)}`;
}

function help({ deploy, agent, policy }: Context<'deploy'>, opens: string | null): string {
  const first = opens ? `wait until ${opens}` : 'have an owner correct the window in the policy';
  if (agent !== null) return `${first}; only an owner can waive it: ask ${Object.keys(policy.owners).join(' or ')}`;
  const name = deploy.name ? shellWord(deploy.name) : 'ENVIRONMENT';
  return `${first}, or an owner waives it: npx git-protect approve --deploy ${name} --waive deploy-window --reason "…"`;
}
