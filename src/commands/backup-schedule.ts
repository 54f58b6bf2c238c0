import type { BackupPlace } from '../backups/place.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: {
    cron: { type: 'boolean', means: 'as lines of a crontab' },
    systemd: { type: 'boolean', means: 'as a systemd service and timer' },
    github: { type: 'boolean', means: 'as a GitHub workflow' },
  },
  example: 'npx git-protect backup schedule --cron',
} as const satisfies Usage;

interface When {
  /** 0 is Sunday; null: every day. */
  readonly day: number | null;
  readonly hour: number;
  readonly minute: number;
}

/** `protect backup schedule`: prints what lets backups be made, proven and rotated by the clock. It changes nothing. */
export async function backupSchedule(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const forms = (['cron', 'systemd', 'github'] as const).filter((form) => values[form]);
  if (forms.length !== 1) throw new UsageError('which form: --cron, --systemd or --github?', usage.example);
  return withBackups(io, positionals[0], async (place) => {
    const times = timesOf(place);
    io.stdout.write({ cron, systemd, github }[forms[0]!](place, times));
    return exitCode.pass;
  });
}

/** The times that destinations ask for; none: two in the night. */
function timesOf({ backup }: BackupPlace): When[] {
  const said = Object.values(backup.destinations).flatMap(({ schedule }) => (schedule === undefined ? [] : [schedule]));
  return [...new Set(said.length === 0 ? ['02:00'] : said)].map((text) => {
    const [, day, hour, minute] = /^(?:(\w+) )?(\d\d):(\d\d)$/.exec(text)!;
    const index = day === undefined ? null : ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].indexOf(day);
    return { day: index, hour: Number(hour), minute: Number(minute) };
  });
}

const commands = (name: string) =>
  [
    `npx git-protect backup create ${name}`,
    `npx git-protect backup verify ${name}`,
    `npx git-protect backup prune ${name}`,
  ].join(' && ');

const fields = ({ day, hour, minute }: When) => `${minute} ${hour} * * ${day ?? '*'}`;

function cron({ topLevel, backup, name }: BackupPlace, times: readonly When[]): string {
  const line = `cd ${shellWord(topLevel)} && ${commands(name)}`;
  const hourly = `17 * * * * cd ${shellWord(topLevel)} && npx git-protect backup status ${name} >/dev/null || echo 'the backups of ${name} need somebody'`;
  return `# crontab -e; cron mails what is printed\nCRON_TZ=${backup.timezone}\n${times.map((when) => `${fields(when)} ${line}\n`).join('')}${hourly}\n`;
}

function systemd({ topLevel, backup, name }: BackupPlace, times: readonly When[]): string {
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const two = (value: number) => String(value).padStart(2, '0');
  const calendar = times.map(
    ({ day, hour, minute }) =>
      `OnCalendar=${day === null ? '' : `${days[day]} `}*-*-* ${two(hour)}:${two(minute)}:00 ${backup.timezone}\n`,
  );
  return `# ~/.config/systemd/user/backup-${name}.service
[Unit]
Description=Backup of ${name}

[Service]
Type=oneshot
WorkingDirectory=${topLevel}
ExecStart=/bin/sh -c '${commands(name)}'

# ~/.config/systemd/user/backup-${name}.timer; then: systemctl --user enable --now backup-${name}.timer
[Unit]
Description=Backup of ${name}

[Timer]
${calendar.join('')}Persistent=true

[Install]
WantedBy=timers.target
`;
}

function github({ name, backup }: BackupPlace, times: readonly When[]): string {
  const variables = [
    backup.identity,
    ...Object.values(backup.destinations).flatMap(({ key, secret }) => [key, secret]),
  ].filter((one) => one !== null);
  return `# .github/workflows/backup.yml. GitHub's clock is UTC and often late. After 60 days without a commit it stops schedules, and says
# so in a mail only: let 'backup status' run elsewhere too, or before each deploy (fresh-backup).
name: backup
on:
  schedule:
${times.map((when) => `    - cron: "${fields(when)}"\n`).join('')}  workflow_dispatch:
permissions: { contents: read }
jobs:
  backup:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: { persist-credentials: false }
      - run: npm ci --ignore-scripts
      - run: ${commands(name)}
${variables.length === 0 ? '' : `        env:\n${[...new Set(variables)].map((one) => `          ${one}: \${{ secrets.${one} }}\n`).join('')}`}`;
}
