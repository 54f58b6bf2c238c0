import { Writable } from 'node:stream';
import { foldersOf } from '../git/plain-files.ts';
import { Repository } from '../git/repository.ts';
import { exitCodeOf, judge } from '../judge/index.ts';
import { appendReceived, type ReceivedPush } from '../machine/received-log.ts';
import { exitCode, Refused, type Report, Undecided, UsageError } from '../model/index.ts';
import { type Pinned, parseReceiveLines, policyStands, type Received, receivedChanges } from '../sources/received.ts';
import { parseDuration } from '../words/duration.ts';
import { guarded } from './guarded.ts';
import { inTime } from './in-time.ts';
import { type Io, readInput } from './io.ts';
import { worldOf } from './judging.ts';
import { readOptions } from './options.ts';
import { present } from './present.ts';

export const receiveFlags = {
  project: { type: 'string', value: 'ID', means: 'pre-receive: the project whose policy judges' },
  'default-branch': { type: 'string', value: 'NAME', means: 'pre-receive: the branch whose policy judges, not HEAD' },
  timeout: { type: 'string', value: 'TIME', means: 'pre-receive: refuse what takes longer to judge; default: 60s' },
} as const;

/** How often a push is judged again because the policy moved meanwhile. */
const rounds = 3;

/** The hook of a server: judges a push before it lands, writes down what was received, and tells the pusher. */
export async function receive(args: readonly string[], outer: Io): Promise<number> {
  const io = told(outer);
  const { values } = readOptions(args, receiveFlags, 0);
  const limit = parseDuration(values.timeout ?? '60s');
  if (limit === null) throw new UsageError(`--timeout is '${values.timeout}', expected a time such as 60s or 10m`);
  const pinned = { project: values.project ?? null, defaultBranch: values['default-branch'] ?? null };
  const repository = new Repository(io.cwd, io.env, 'quarantine');
  try {
    return await withLog(repository, io, (input) =>
      inTime(limit, judged(repository, io, input, pinned), () => late(limit)),
    );
  } finally {
    repository.close();
  }
}

function late(limit: number): Undecided {
  const help =
    'push fewer commits at once, or ask whoever runs the server: protect init --server REPOSITORY --timeout 10m';
  return new Undecided(`to judge this push took longer than ${limit / 1000} s`, help);
}

/** The report, once the policy that it goes by still stands. @throws Undecided when the policy never comes to rest */
async function judged(repository: Repository, io: Io, input: Buffer, pinned: Pinned): Promise<Report> {
  const world = worldOf(io, false, () => {});
  for (let round = 0; round < rounds; round++) {
    let received: Received | undefined;
    const source = async () => (received = await receivedChanges(repository, input, pinned));
    const report = await judge({ gate: 'pre-receive', repository, world, source });
    if (received === undefined || (await policyStands(repository, received))) return report;
  }
  throw new Undecided('the policy on the server changed each time this push was judged', 'push again');
}

/** Judges and writes the line of the log; what cannot be written down does not land. */
async function withLog(repository: Repository, io: Io, run: (input: Buffer) => Promise<Report>): Promise<number> {
  let report: Report | undefined;
  let reason: string | undefined;
  let input = Buffer.alloc(0);
  const code = await guarded(io, async () => {
    try {
      input = Buffer.from(await readInput(io, 16 << 20));
      report = await run(input);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
      throw error;
    }
    await present(io, report, { format: 'text', quiet: true });
    return exitCodeOf(report);
  });
  const verdict = code === exitCode.pass ? 'pass' : code === exitCode.refused ? 'refuse' : 'undecided';
  const why = reason ?? report?.outcomes.find(({ status }) => status === 'errored')?.reason;
  const entry: ReceivedPush = {
    at: io.now().toISOString(),
    pusher: pusherOf(io.env),
    refs: refsIn(input),
    verdict,
    findings: report?.outcomes.filter(({ findings }) => findings.length > 0).map(({ check }) => check) ?? [],
    ...(why === undefined ? {} : { reason: why.slice(0, 1000) }),
  };
  try {
    await appendReceived(await gitDirOf(repository, io), entry, () => isShared(repository));
  } catch (error) {
    throw new Refused(
      `what is received cannot be written down on the server: ${(error as Error).message}`,
      'tell whoever runs the server; then push again',
    );
  }
  return code;
}

/** Git names it to its hooks. */
async function gitDirOf(repository: Repository, { cwd, env }: Io): Promise<string> {
  return foldersOf(cwd, env)?.gitDir ?? (await repository.layout()).gitDir;
}

/** May the group write what Git writes? @see https://git-scm.com/docs/git-config#Documentation/git-config.txt-coresharedRepository */
async function isShared(repository: Repository): Promise<boolean> {
  const shared = (await repository.configured('core.sharedRepository')) ?? '';
  return !/^(|0|false|no|off|umask)$/i.test(shared.trim());
}

function refsIn(input: Buffer): ReceivedPush['refs'] {
  try {
    return parseReceiveLines(input).map(({ ref, old, next }) => ({ ref, old, new: next }));
  } catch (error) {
    // Its reason is in the line.
    if (error instanceof Undecided) return [];
    throw error;
  }
}

/** Who pushes, by the words of the host. Over a local path they are the pusher's own. */
function pusherOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const found = pusherNames.filter((name) => env[name] !== undefined && env[name] !== '');
  return Object.fromEntries(found.map((name) => [name, env[name]!.slice(0, 200)]));
}

const pusherNames = [
  'GL_USERNAME',
  'GL_ID',
  'GL_PROTOCOL',
  'GL_USER',
  'GITEA_PUSHER_NAME',
  'GITHUB_USER_LOGIN',
  'GITHUB_VIA',
  'SOFT_SERVE_USERNAME',
  'REMOTE_USER',
  'LOGNAME',
  'SSH_CONNECTION',
];

/** All goes to standard error, which Git shows at once; GitLab shows only lines that begin with a word of its own. */
function told(io: Io): Io {
  if (!io.env['GL_ID']) return { ...io, stdout: io.stderr };
  let open = false;
  const write: Writable['_write'] = (chunk: string | Buffer, _, done) => {
    const lines = chunk.toString().replace(/^(?=.)/gm, 'GL-HOOK-ERR: ');
    io.stderr.write(open ? lines.replace('GL-HOOK-ERR: ', '') : lines);
    open = !lines.endsWith('\n');
    done();
  };
  const stderr = Object.assign(new Writable({ decodeStrings: false, write }), { isTTY: false });
  return { ...io, stdout: stderr, stderr };
}
