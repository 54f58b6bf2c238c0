import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../../src/deploys/journal.ts';
import {
  addRemote,
  distFolder,
  environment,
  folder,
  type Key,
  makeKey,
  newRepo,
  policyText,
  type Repo,
  testsFolder,
} from './world.ts';

/** A small service that is really deployed: a Node server which says what it runs, and fails as its files tell it to. */
export const service = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [commit, mode] = ['commit', 'mode'].map((name) => readFileSync('dist/' + name, 'utf8').trim());
let asked = 0;
const answer = (reply) => {
  asked++;
  if (mode === 'dies' && asked > 4) process.exit(1);
  if (mode === 'loops' && asked > 2) setTimeout(() => process.exit(1), 100);
  if (mode === 'errors' && asked > 3) return reply.writeHead(500).end('postgres://app:s3cret@db/shop is gone');
  reply.end(JSON.stringify({ status: mode === 'sick' ? 'sick' : 'ok', commit }));
};
const server = createServer((_, reply) => (mode === 'slow' && asked > 1 ? setTimeout(answer, 1500, reply) : answer(reply)));
setTimeout(() => server.listen(Number(readFileSync('port', 'utf8')), '127.0.0.1'), mode === 'late' ? 1500 : 0);
`;

// It is over once nothing answers: where nobody asks after a process that has ended, it is there for ever.
const stop = `[ -f pid ] && kill "$(cat pid)" 2>/dev/null
n=0; while [ $n -lt 40 ] && [ -f pid ] && kill -0 "$(cat pid)" 2>/dev/null; do n=$((n + 1)); sleep 0.05; done; rm -f pid
`;
const start = 'nohup node server.mjs >/dev/null 2>&1 & echo $! > pid\n';

/** What builds, starts and stops it, and takes it back. */
export const scripts: Readonly<Record<string, string>> = {
  'stop.sh': stop,
  'start.sh': start,
  'build.sh': 'mkdir -p dist; git rev-parse HEAD > dist/commit; cp mode dist/mode\n',
  'deploy.sh':
    '[ "$(cat mode)" = stays ] && exit 0; [ "$(cat mode)" = fails ] && echo "no such host \'db.internal\'" >&2 && exit 7\n. ./build.sh; . ./stop.sh; . ./start.sh\n[ "$(cat mode)" = hangs ] && sleep 60; true\n',
  'undo.sh':
    '[ -f no-way-back ] && exit 9\nmkdir -p dist; echo "$PROTECT_PREVIOUS" > dist/commit; echo good > dist/mode; . ./stop.sh; . ./start.sh\n',
};

const running: Repo[] = [];
const children: ChildProcess[] = [];

/** Ends what the tests of a file have started. */
export function stopServices(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const repo of running) stopService(repo);
  for (const pid of lost()) process.kill(pid, 'SIGKILL');
}

/** Services whose deploy was killed before it wrote down their process. */
function lost(): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const isService = readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'node\0server.mjs\0';
        return isService && readlinkSync(`/proc/${pid}/cwd`).startsWith(testsFolder);
      } catch {
        return false; // It has just ended, or is no process.
      }
    });
}

export function stopService(repo: Repo): void {
  if (!repo.has('pid')) return;
  try {
    process.kill(Number(repo.read('pid')), 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export interface Deployed {
  readonly repo: Repo;
  readonly key: Key;
  readonly origin: Repo;
  readonly url: string;
  /** Where the journals lie. */
  readonly journals: string;
  /** Commits how the service is to behave, and publishes it. Returns the commit. */
  change(mode: string, files?: Record<string, string>): string;
  /** The newest journal. */
  lines(): Line[];
  /** What answers now; null: nothing. */
  runs(): Promise<string | null>;
}

/** A repository with a service that can be deployed from it. @param more lines under `production:`, and `more` besides */
export async function deployable({
  way = 'undo: ./undo.sh\n    undoCheck: test -x undo.sh',
  more = '',
}: {
  way?: string;
  more?: string;
} = {}): Promise<Deployed> {
  const port = await freePort();
  const key = makeKey('lead');
  const repo = newRepo();
  running.push(repo);
  const state = folder('state');
  const url = `http://127.0.0.1:${port}/health`;
  const deploy = `deploy:
  production:
    run: { command: ./deploy.sh, timeout: 20s }
    ${way}
    rollback: { tag: "v{date}-{time}-{commit}" }
    live:
      url: "${url}"
      expect: { "$.status": ok }
      commit: "$.commit"
      ready: { tries: 3, delay: 1s, wait: 1s, good: 1 }
    watch: { for: 3s, every: 1s, grace: 1s, minimum: 2, latency: 1s }
checks: { not-root: { severity: off } }
${more}`;
  const files = Object.entries(scripts).map(([name, text]) => [name, `#!/bin/sh\n${text}`] as const);
  for (const [name, text] of files) repo.write(name, text, 0o755);
  repo.write('port', String(port)).write('server.mjs', service).write('mode', 'good');
  repo
    .write('.gitignore', 'dist\npid\nno-way-back\nnode_modules\n.backups\n')
    .write('.protectionrc', policyText({ lead: key }, deploy));
  repo.commit('chore: start');
  const origin = addRemote(repo);
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  Object.assign(repo.env, { XDG_STATE_HOME: state });
  const journals = join(state, 'git-protect/0123456789abcdef0123456789abcdef/deploys');
  return {
    repo,
    key,
    origin,
    url,
    journals,
    change(mode, more = {}) {
      const commit = repo.commit(`fix: ${mode}`, { mode, ...more });
      repo.publish();
      return commit;
    },
    lines: () => linesOf(journals),
    async runs() {
      // What has just been started needs a moment.
      for (let n = 0; n < 30; n++, await sleep(100))
        try {
          return ((await (await fetch(url)).json()) as { commit: string }).commit;
        } catch {}
      return null;
    },
  };
}

function linesOf(journals: string): Line[] {
  if (!existsSync(journals)) return [];
  const [newest] = readdirSync(journals)
    .flatMap((name) => (name.endsWith('.jsonl') ? [name.slice(0, -'.jsonl'.length)] : []))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  if (newest === undefined) return [];
  const whole = readFileSync(join(journals, `${newest}.jsonl`), 'utf8')
    .split('\n')
    .slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Line);
}

/** Starts `protect` and goes on. `end` waits for its end. */
export function begin(repo: Repo, ...args: string[]) {
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), ...args], {
    cwd: repo.dir,
    env: environment(repo.env),
    detached: true,
  });
  children.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (out += text));
  const end = new Promise<{ code: number | null; out: string }>((done) =>
    child.on('close', (code) => done({ code, out })),
  );
  return { child, end };
}

/** Waits until something is so. @throws Error when it does not become so */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const start = Date.now(); !isSo(); await sleep(10))
    if (Date.now() - start > 60_000) throw new Error(`never: ${what}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
