import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { basename, dirname, join } from 'node:path';
import type { DeployPlace } from '../deploys/place.ts';
import { Memory } from '../deploys/webhook-memory.ts';
import { webhookServer } from '../deploys/webhook-server.ts';
import { Wishes } from '../deploys/webhook-wishes.ts';
import { Repository } from '../git/repository.ts';
import { takeLock } from '../machine/lock.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import { backupCreate } from './backup-create.ts';
import { guarded } from './guarded.ts';
import type { Io } from './io.ts';
import { lineStream } from './line-stream.ts';
import { deployTip } from './listen-deploy.ts';

/** Where it listens, for what, and whom it believes. */
export interface Listening extends Pick<DeployPlace, 'name' | 'state'> {
  readonly port: number;
  readonly host: string;
  readonly secrets: readonly Buffer[];
}

type Log = (line: string) => void;

/** Milliseconds until what could not be judged is looked at again: twice as long each time. */
const [soonest, latest] = [60_000, 3_600_000];

/** Listens until it is asked to stop; what is being done then goes on to its end. */
export async function serve(io: Io, listening: Listening): Promise<number> {
  const { name, state } = listening;
  const folder = join(state, 'webhook');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = await takeLock(join(folder, `${name}.lock`));
  if (lock === null) throw new Undecided(`another git-protect listens for ${name} (${folder})`, 'stop that one first');
  try {
    const log = (line: string) => void io.stdout.write(visible(`${io.now().toISOString()} ${line}\n`));
    const kept = join(folder, `${name}.wish`);
    const wishes = wishesOf(io, listening, kept, log);
    const memory = new Memory(join(folder, `${name}.known`), io.now);
    const server = serverOf(io, listening, { memory, wishes, kept, log });
    log(`listens on ${listening.host} port ${await opened(server, listening)} for ${name}`);
    if (!/^(?:127\.|::1$|localhost$)/.test(listening.host))
      log('whoever reaches this address can ask; nothing is encrypted here, so keep a web server with TLS in front');
    // It was taken, and whatever ended the process came before it was done.
    if (existsSync(kept)) wishes.ask('deploy');
    for (const backup of keptBackups(kept)) wishes.ask(`backup ${backup}`);
    await asked(io.signal);
    log('asked to stop: no new requests are accepted; the running one will finish');
    server.close();
    await wishes.close();
    server.closeAllConnections();
    log('ended');
    return exitCode.pass;
  } finally {
    await lock.release();
  }
}

/** The file that is there as long as a backup is wished for, beside the one of the deploy. */
const keptBackup = (kept: string, backup: string) => `${kept}-${backup}`;

function keptBackups(kept: string): string[] {
  const start = keptBackup(basename(kept), '');
  const names = readdirSync(dirname(kept)).filter((name) => name.startsWith(start));
  return names.map((name) => name.slice(start.length));
}

/** Does `deploy`, and `backup NAME`. */
function wishesOf(io: Io, { name, state }: Listening, kept: string, log: Log): Wishes<string> {
  const inside = insideOf(io, log);
  let delay = soonest;
  const again = () => {
    log(`looks again in ${delay / 60_000} min`);
    setTimeout(() => wishes.isClosed || io.signal.aborted || wishes.ask('deploy'), delay).unref();
    delay = Math.min(2 * delay, latest);
  };
  const wishes: Wishes<string> = new Wishes(async (wish) => {
    const [kind, backup] = wish.split(' ');
    log(kind === 'deploy' ? `looks for something new for ${name}` : `makes a backup of ${backup}`);
    const code = await guarded(inside, () =>
      kind === 'deploy' ? deployTip(inside, { environment: name, state }) : backupCreate([backup!], inside),
    );
    inside.flush();
    log(`${kind} ended with ${code}`);
    if (kind !== 'deploy') return rmSync(keptBackup(kept, backup!), { force: true });
    // What could not be judged was not done: it is looked at again, and after a restart.
    if (code === exitCode.undecided) again();
    else {
      delay = soonest;
      if (!wishes.waits(wish)) rmSync(kept, { force: true });
    }
  });
  return wishes;
}

interface Parts {
  readonly memory: Memory;
  readonly wishes: Wishes<string>;
  /** The file that is there as long as a deploy is wished for. */
  readonly kept: string;
  readonly log: Log;
}

function serverOf(io: Io, { secrets }: Listening, { memory, wishes, kept, log }: Parts): Server {
  return webhookServer({
    secrets,
    knows: (mark) => memory.has(mark),
    wishDeploy(mark) {
      // In this order: a mark without its wish would be known for ever, and never done.
      writeFileSync(kept, '', { mode: 0o600, flush: true });
      memory.add(mark);
      wishes.ask('deploy');
    },
    wishBackup(backup) {
      if (wishes.has(`backup ${backup}`)) return false;
      writeFileSync(keptBackup(kept, backup), '', { mode: 0o600, flush: true });
      wishes.ask(`backup ${backup}`);
      return true;
    },
    trigger: (named) => triggerOf(io, named),
    ends: () => wishes.isClosed || io.signal.aborted,
    log,
  });
}

/** What a deploy gets: its words become lines, and it is asked to stop when we are asked a second time. */
function insideOf(io: Io, log: Log): Io & { flush(): void } {
  const [stdout, stderr] = [lineStream((line) => log(`| ${line}`)), lineStream((line) => log(`| ${line}`))];
  const insisted = io.insisted?.() ?? new AbortController().signal;
  const never = new AbortController().signal;
  return {
    ...io,
    stdout,
    stderr,
    signal: insisted,
    insisted: () => never,
    flush() {
      stdout.flush();
      stderr.flush();
    },
  };
}

/** Read anew each time: a token that was replaced in the policy opens nothing. */
async function triggerOf({ cwd, env }: Io, named: string | null) {
  const repository = new Repository(cwd, env, 'location');
  try {
    const { policy } = await policyHere(repository);
    const all = Object.entries(policy.backups).flatMap(([name, { trigger }]) =>
      trigger === null ? [] : [{ name, fingerprint: trigger }],
    );
    if (named === null) return all.length === 1 ? all[0]! : null;
    return all.find(({ name }) => name === named) ?? null;
  } finally {
    repository.close();
  }
}

/** @returns the port */
function opened(server: Server, { port, host }: Listening): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      fail(
        new UsageError(`it cannot listen on ${host} port ${port}: ${code ?? 'unknown error'}`, 'choose another --port'),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function asked(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
