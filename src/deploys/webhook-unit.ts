import { visible } from '../words/visible.ts';

/** What the unit starts, and as whom. */
export interface UnitFacts {
  readonly project: string;
  readonly environment: string;
  /** Absolute. */
  readonly topLevel: string;
  readonly user: string;
  /** The program and its arguments. */
  readonly start: readonly string[];
  /** Seconds that a deploy may take to its end, and back. */
  readonly longest: number;
}

/** A unit of systemd that listens for as long as the machine runs. @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html */
export function webhookUnit({ project, environment, topLevel, user, start, longest }: UnitFacts): string {
  const name = `git-protect-${project}-${environment}`;
  return visible(`# /etc/systemd/system/${name}.service; then: systemctl daemon-reload && systemctl enable --now ${name}
[Unit]
Description=Deploys ${plain(project)} to ${plain(environment)} when something is pushed
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
# Not root: whoever the clone and the process manager belong to.
User=${plain(user)}
WorkingDirectory=${plain(topLevel)}
# The secrets, NAME=value, a line each. Only root reads it: chmod 600.
EnvironmentFile=/etc/git-protect/${project}-${environment}.env
ExecStart=${start.map(word).join(' ')}
Restart=on-failure
RestartSec=5s
# A mistake in the command line or the policy is not mended by starting it again.
RestartPreventExitStatus=2
# It alone is asked to stop: a deploy that runs goes on to its end, and what was deployed stays up.
KillMode=process
TimeoutStopSec=${longest}s
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`);
}

/** `%` begins a specifier in every value. */
const plain = (text: string) => text.replaceAll('%', '%%');

/** A word of a command line as systemd reads it. @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines */
function word(text: string): string {
  if (/^[\w./:@=+-]+$/.test(text)) return text;
  return `"${plain(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$')}"`;
}
