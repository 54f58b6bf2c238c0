import type { Repository } from '../git/repository.ts';
import { rollbackTag } from '../git/rollback-points.ts';
import { type Deployment, type Report, Undecided, UsageError } from '../model/index.ts';
import { verdictOf } from '../report/contents.ts';
import type { Sourced } from '../sources/staged.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';

/** A waiver or a tick: the file as it was signed. */
interface Grant {
  readonly content: Buffer;
}

/**
 * @param again may it be there already, on this very commit? A deploy that was cut off has left it
 * @throws UsageError where the policy names no tag, or the one that it would be is there already
 */
export async function refuseTakenTag(
  repository: Repository,
  { deployment }: Sourced,
  now: Date,
  again = false,
): Promise<void> {
  if (!deployment) return;
  const name = tagName(deployment, now);
  if ((await repository.objects.info(`refs/tags/${name}`)) === null) return;
  if (again && (await isOn(repository, name, deployment.commit))) return;
  throw new UsageError(
    `the tag ${name} is there already, and is never moved`,
    'wait a minute, or run it without --tag',
  );
}

interface RollbackPointOrder {
  readonly sourced: Sourced;
  readonly report: Report;
  readonly grants: readonly Grant[];
  readonly push: boolean;
  readonly now: Date;
  /** Says what was done, a line at a time. */
  say(line: string): void;
}

/**
 * Puts an annotated tag on the commit that was checked: where to go back to. The message is the report in short, with
 * the waivers and ticks whole.
 * @returns its name; empty where nothing is deployed by a policy
 */
export async function markRollbackPoint(
  repository: Repository,
  { sourced, report, grants, push, now, say }: RollbackPointOrder,
): Promise<string> {
  const { deployment } = sourced;
  if (!deployment) return '';
  const name = tagName(deployment, now);
  if (!(await isOn(repository, name, deployment.commit))) {
    await makeTag(repository, name, message(deployment, report, grants), deployment.commit);
    say(`tagged ${deployment.commit.slice(0, 12)} as ${name}`);
  }
  const remote = deployment.environment.remote;
  const line = `git push ${shellWord(remote)} ${shellWord(`refs/tags/${name}`)}`;
  if (!push) {
    say(`  push it: ${line}`);
    return name;
  }
  const alone = ['--no-follow-tags', '--recurse-submodules=no'];
  const pushed = await repository.tell([
    'push',
    '--quiet',
    ...alone,
    '--',
    remote,
    `refs/tags/${name}:refs/tags/${name}`,
  ]);
  if (pushed.code !== 0) throw new Undecided(`the tag ${name} could not be pushed: ${firstLine(pushed.stderr)}`, line);
  say(`pushed it to ${remote}`);
  return name;
}

const isOn = async (repository: Repository, name: string, commit: string) =>
  (await repository.commit(`refs/tags/${name}`)) === commit;

async function makeTag(repository: Repository, name: string, text: string, commit: string): Promise<void> {
  const form = ['--annotate', '--no-sign', '--cleanup=verbatim', '--message', text];
  const made = await repository.tell(['tag', ...form, name, commit]);
  if (made.code !== 0)
    throw new Undecided(
      `the tag ${name} could not be made: ${firstLine(made.stderr)}`,
      /identity/i.test(made.stderr)
        ? 'git config user.name NAME && git config user.email ADDRESS'
        : 'everything passed, but there is no rollback point',
    );
}

/** @throws UsageError where the policy names none */
function tagName({ environment, name, commit }: Deployment, now: Date): string {
  const form = environment.rollback?.tag;
  if (!form)
    throw new UsageError(
      'the policy names no tag',
      `add rollback: { tag: "v{date}-{time}" } to deploy.${name ?? 'production'}`,
    );
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: environment.window?.timezone ?? 'UTC',
    dateStyle: 'short',
    timeStyle: 'short',
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)!.value;
  const at = { date: `${part('year')}${part('month')}${part('day')}`, time: `${part('hour')}${part('minute')}` };
  return rollbackTag(form, { ...at, environment: name ?? '', commit });
}

function message({ name, commit, branch }: Deployment, report: Report, grants: readonly Grant[]): string {
  const passed = report.outcomes.filter(({ status }) => status === 'passed').map(({ check }) => check);
  const warnings = report.outcomes.flatMap(({ check, findings }) =>
    findings
      .filter(({ severity }) => severity === 'warning')
      .map((one) => `warning[${check}] ${one.message.split('\n')[0]}`),
  );
  const lines = [
    `Rollback point${name === null ? '' : ` of ${name}`}`,
    '',
    `git-protect: ${verdictOf(report)} on ${commit} of ${branch}`,
    `checks: ${passed.join(', ')}`,
    ...warnings,
    ...grants.flatMap(({ content }) => ['', content.toString('utf8').trimEnd()]),
  ];
  return `${visible(lines.join('\n'))}\n`;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'no message';
}
