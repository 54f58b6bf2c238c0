import { type Check, type Context, type Host, type Problem, type Services, Undecided } from '../model/index.ts';

const limit = 600_000;
const minute = 60_000;
/** How far two clocks may be apart. */
const skew = 5 * minute;
const longestWait = 2 ** 31 - 1;

/** What is not a backup by itself: unfinished files, logs, checksums, signatures, notes. */
const beside = /^\.|~$|\.(?:partial|part|tmp|temp|log|lock|pid|md|sha\d*|sha\d*sum|md5|sum|sig|asc|minisig)$/i;

/** What stands beside a backup of the same name and describes it. */
const describing = /\.(?:json|ya?ml|txt|manifest|meta)$/i;

/** Refuses a deploy without a backup to go back to. */
export const freshBackup: Check<'deploy', 'services'> = {
  id: 'fresh-backup',
  summary: 'The newest backup is recent enough, not empty, and readable to its end.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  uses: ['services'],
  weakenable: true,
  timeout: limit,
  stopsItself: true,
  docs: {
    since: '0.1.0',
    why: 'A failed deploy is undone with the last backup. That it is old, empty or cut off should not be discovered on that day.',
    fix: 'Make a backup now, and fix what makes them. The newest is the file or folder with the latest modification time; hidden and unfinished ones, logs, checksums and descriptions of another backup (`NAME.json`) do not count. Checked are the checksums of gzip, the blocks of tar, the directory of zip (its contents are not unpacked), the header of `pg_dump -Fc` and the last line of SQL dumps; anything else is only read to its end. Only a restore proves that it can be restored. If the folder belongs to an environment under `backups:`, its manifest counts: the files are as written, a restore was proven within `tested:`, and every destination holds it.',
  },
  async run(context) {
    const { host, environment } = context.deploy;
    const { backups } = environment;
    if (!backups) return { skipped: 'no backups are configured' };
    const own = Object.entries(context.policy.backups).find(([, { folder }]) => folder === backups.folder);
    if (own && context.services) return judgeProven(own[0], backups.maxAge, context, context.services);
    const names = await host.list(backups.folder);
    if (names === null) return [problem(`there is no folder ${backups.folder}, so there is no backup`)];
    const newest = await newestOf(backups.folder, names, host);
    if (newest === null) return [problem(`${backups.folder} holds no backup`)];
    return judge(newest, backups.maxAge, context);
  },
};

/** Of our own the manifest says more than a file does. */
async function judgeProven(
  name: string,
  maxAge: number,
  { now, policy }: Context<'deploy'>,
  { backups }: Services,
): Promise<Problem[]> {
  const { newest, testedAt } = await backups.facts(name);
  if (newest === null) return [told('there is no whole backup', `npx git-protect backup create ${name}`)];
  const problems: Problem[] = [];
  const age = now.getTime() - newest.createdAt.getTime();
  const create = `npx git-protect backup create ${name}`;
  if (age < -skew) problems.push(told(`${newest.id} is dated ${span(-age)} in the future`, create));
  if (age > maxAge)
    problems.push(told(`the newest backup, ${newest.id}, is ${span(age)} old, the limit is ${span(maxAge)}`, create));
  if (newest.fault !== null) problems.push(told(`the newest backup is of no use: ${newest.fault}`, create));
  for (const place of newest.missingAt) problems.push(told(`${place} does not hold the newest backup`, create));
  const verify = `npx git-protect backup verify ${name}`;
  const limitOf = policy.backups[name]!.tested;
  if (testedAt === null) problems.push(told('no restore was ever proven', verify));
  else if (now.getTime() - testedAt.getTime() > limitOf)
    problems.push(
      told(
        `the last proven restore was ${span(now.getTime() - testedAt.getTime())} ago, the limit is ${span(limitOf)}`,
        verify,
      ),
    );
  return problems;
}

const told = (message: string, help: string): Problem => ({ message, help });

interface Backup {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  readonly size: number;
}

/** By the time of its content, and not by its name. */
async function newestOf(folder: string, names: readonly string[], host: Host): Promise<Backup | null> {
  const real = names.filter((name) => !beside.test(name));
  const own = real.filter((name) => !real.includes(name.replace(describing, '')) || !describing.test(name));
  let newest: Backup | null = null;
  for (const name of own) {
    const found = await look(`${folder}/${name}`, host);
    if (found !== null && (newest === null || found.modifiedAt > newest.modifiedAt)) newest = found;
  }
  return newest;
}

/** Null where neither a file nor a folder is. */
async function look(path: string, host: Host): Promise<Backup | null> {
  const found = await host.status(path);
  if (found === null || found.kind === 'other') return null;
  // An empty folder was to become a backup.
  const inside = found.kind === 'folder' ? await host.newestFile(path) : null;
  return { path, modifiedAt: inside ?? found.modifiedAt, size: found.size };
}

async function judge(newest: Backup, maxAge: number, context: Context<'deploy'>): Promise<Problem[]> {
  const { path, modifiedAt } = newest;
  const age = context.now.getTime() - modifiedAt;
  if (age < -skew) return [problem(`${path} is dated ${span(-age)} in the future, so how old it is cannot be told`)];
  const problems =
    age > maxAge ? [problem(`the newest backup, ${path}, is ${span(age)} old, the limit is ${span(maxAge)}`)] : [];
  const fault = (await damageOf(path, context)) ?? (await growth(newest, context));
  return fault === null ? problems : [...problems, problem(`the newest backup, ${path}, is of no use: ${fault}`)];
}

async function damageOf(path: string, { deploy, policy, signal }: Context<'deploy'>): Promise<string | null> {
  const most = policy.checks['fresh-backup']?.timeout ?? limit;
  const late = AbortSignal.timeout(Math.min(most, longestWait));
  try {
    return await deploy.host.damage(path, AbortSignal.any([signal, late]));
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    throw new Undecided(
      `reading ${path} took longer than ${most / 1000} s`,
      'raise checks.fresh-backup.timeout in the policy',
    );
  }
}

/** What changed while it was read is not finished. */
async function growth({ path, modifiedAt, size }: Backup, { deploy }: Context<'deploy'>): Promise<string | null> {
  const after = await look(path, deploy.host);
  return after?.modifiedAt === modifiedAt && after.size === size ? null : 'it is still being written';
}

function problem(message: string): Problem {
  return { message, help: 'make a backup now, and see it through to its end' };
}

/** `2 d 3 h`, `40 min` */
function span(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / minute);
  const parts = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).slice(0, 2);
  return said.length === 0 ? 'less than 1 min' : said.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
