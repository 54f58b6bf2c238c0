import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStaying } from './staying-process.ts';

/** The project itself; compiled tests lie two folders deeper than test/ does. */
export const projectRoot = realpathSync(join(dirname(fileURLToPath(import.meta.url)), '../../..'));

/** What the product is built into. */
export const distFolder = process.env['PROTECT_TEST_DIST'] ?? join(projectRoot, 'dist');

/** What holds every folder of this test process. */
export const testsFolder = realpathSync(mkdtempSync(join(tmpdir(), 'protect-test-')));
process.on('exit', () => rmSync(testsFolder, { recursive: true, force: true }));
let folders = 0;

/** A new empty folder that is removed when the test process ends. */
export function folder(name = 'f'): string {
  const path = join(testsFolder, `${name}${++folders}`);
  mkdirSync(path);
  return path;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, as a person sees them. */
  readonly out: string;
}

/** Where the product puts its own temporary files, so that what it leaves behind is seen. */
export const temporary = folder('tmp');

// As Git's own, without the samples of hooks.
const template = folder('template');
mkdirSync(join(template, 'hooks'));

const home = folder('home');
mkdirSync(join(home, '.ssh'), { mode: 0o700 });
/** Git's configuration of the person who runs the tests' commits. */
export const gitConfig = join(home, '.gitconfig');
writeFileSync(
  gitConfig,
  '[user]\n\tname = Lead Dev\n\temail = lead@example.com\n[advice]\n\tdetachedHead = false\n[protocol "file"]\n\tallow = always\n' +
    // No repository lives long enough to be tidied, or to be read after a power cut.
    `[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n[core]\n\tfsync = none\n[init]\n\tdefaultBranch = main\n\ttemplateDir = ${template}\n`,
);

/** Where the tests' runs find programs. */
export const programs = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'];

/** For a run whose hooks have processes of their own in any case: it is killed, others run beside it, or no test looks at it. */
export const hooksApart: NodeJS.ProcessEnv = { PATH: programs.join(':') };

/** An environment made from nothing, the same from any shell. */
export function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const coverage = process.env['NODE_V8_COVERAGE'];
  return {
    PATH: programs.join(':'),
    HOME: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: temporary,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
    ...(coverage ? { NODE_V8_COVERAGE: coverage } : {}),
    ...extra,
  };
}

export function run(
  cwd: string,
  command: string,
  args: readonly string[],
  options: { input?: string | Buffer; env?: NodeJS.ProcessEnv } = {},
): Result {
  const done = spawnSync(command, args, {
    cwd,
    env: environment(options.env),
    input: options.input ?? '',
    maxBuffer: 64 << 20,
    timeout: 120_000,
  });
  if (done.error) throw done.error;
  const [stdout, stderr] = [done.stdout.toString(), done.stderr.toString()];
  return { code: done.status, stdout, stderr, out: stdout + stderr };
}

export interface Key {
  readonly file: string;
  /** The line of the .pub file. */
  readonly line: string;
}

/** Makes an SSH key with ssh-keygen. */
export function makeKey(name: string, type = 'ed25519', bits?: number): Key {
  const file = join(folder('key'), name);
  const made = run(testsFolder, 'ssh-keygen', [
    '-q',
    '-t',
    type,
    ...(bits ? ['-b', String(bits)] : []),
    '-N',
    '',
    '-C',
    name,
    '-f',
    file,
  ]);
  if (made.code !== 0) throw new Error(made.out);
  return { file, line: readFileSync(`${file}.pub`, 'utf8').trim() };
}

/** Lays the built package into a folder, as an install does. */
export function installPackage(at: string): void {
  const target = join(at, 'node_modules/git-protect');
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'hooks', 'templates', 'schema', 'node_modules'])
    if (existsSync(join(projectRoot, name))) symlinkSync(join(projectRoot, name), join(target, name));
  symlinkSync(distFolder, join(target, 'dist'));
}

/** What Node itself takes from the environment when it starts. */
const ofStart = /^NODE_/;

/** A real repository in a folder of its own. */
export class Repo {
  constructor(
    readonly dir: string,
    readonly env: NodeJS.ProcessEnv = {},
  ) {}

  /** Runs Git and fails the test when Git does. */
  git(...args: string[]): string {
    const result = this.tryGit(...args);
    if (result.code !== 0) throw new Error(`git ${args.join(' ')} (${result.code}):\n${result.out}`);
    return result.stdout.trimEnd();
  }

  tryGit(...args: string[]): Result {
    return run(this.dir, 'git', args, { env: this.env });
  }

  /** Runs `protect`. */
  protect(...args: string[]): Result {
    return this.protectWith({}, ...args);
  }

  protectWith(options: { input?: string | Buffer; env?: NodeJS.ProcessEnv; cwd?: string }, ...args: string[]): Result {
    const env = { ...this.env, ...options.env };
    if (Object.keys(env).some((name) => ofStart.test(name))) return this.protectApart(options, ...args);
    const order = { cwd: options.cwd ?? this.dir, env: environment(env), input: options.input ?? '', args };
    const { code, stdout, stderr } = runStaying(order, environment());
    const [out, err] = [stdout, stderr].map((bytes) => Buffer.from(bytes).toString()) as [string, string];
    return { code, stdout: out, stderr: err, out: out + err };
  }

  /** Runs the built `protect`, in a process that has just started. */
  protectApart(options: { input?: string | Buffer; env?: NodeJS.ProcessEnv; cwd?: string }, ...args: string[]): Result {
    return run(options.cwd ?? this.dir, process.execPath, [join(distFolder, 'cli.js'), ...args], {
      env: { ...this.env, ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  }

  write(path: string, content: string | Buffer, mode?: number): this {
    const target = join(this.dir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    if (mode !== undefined) chmodSync(target, mode);
    return this;
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.dir, path));
  }

  remove(path: string): this {
    rmSync(join(this.dir, path), { recursive: true, force: true });
    return this;
  }

  /** Writes, stages and commits, past every hook. Returns the commit id. */
  commit(message: string, files: Record<string, string> = {}): string {
    for (const [path, content] of Object.entries(files)) this.write(path, content);
    this.git('add', '--all');
    this.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', '-m', message);
    return this.head();
  }

  head(rev = 'HEAD'): string {
    return this.plainHead(rev) ?? this.git('rev-parse', rev);
  }

  /** The commit of a branch where plain files tell: most of what tests ask, and no process each time. */
  private plainHead(rev: string): string | null {
    if (Object.keys(this.env).some((name) => name.startsWith('GIT_DIR')) || !this.has('.git/HEAD')) return null;
    const [, current] = /^ref: (refs\/heads\/.+)\n$/.exec(this.read('.git/HEAD')) ?? [];
    const branch = rev === 'HEAD' ? current : /^\w+$/.test(rev) ? `refs/heads/${rev}` : rev;
    if (branch === undefined || !/^refs\/heads\/./.test(branch) || this.has(`.git/refs/tags/${rev}`)) return null;
    return this.has(`.git/${branch}`) ? this.read(`.git/${branch}`).trimEnd() : null;
  }

  /** Brings a branch to a remote in a folder, as a push past every hook does, which takes nine processes. */
  publish(branch = 'main', remote = 'origin'): void {
    const name = new RegExp(`\\[remote "${remote}"\\]\\n\\turl = (.+)\\n`).exec(this.read('.git/config'))![1]!;
    const other = new Repo(name);
    for (const folder of readdirSync(join(this.dir, '.git/objects')))
      for (const file of readdirSync(join(this.dir, '.git/objects', folder))) {
        const path = `objects/${folder}/${file}`;
        if (!other.has(path)) other.write(path, readFileSync(join(this.dir, '.git', path)), 0o444);
      }
    const commit = `${this.head(branch)}\n`;
    other.write(`refs/heads/${branch}`, commit);
    this.write(`.git/refs/remotes/${remote}/${branch}`, commit);
  }
}

/** `git init`, with the built package installed and ignored. */
export function newRepo(options: { format?: 'sha1' | 'sha256'; install?: boolean } = {}): Repo {
  const dir = folder('repo');
  const repo = new Repo(dir);
  repo.git('init', '--quiet', '-b', 'main', `--object-format=${options.format ?? 'sha1'}`);
  repo.write('.git/info/exclude', 'node_modules\n');
  if (options.install !== false) installPackage(dir);
  return repo;
}

/** A bare repository, added as a remote and pushed to. */
export function addRemote(repo: Repo, name = 'origin', push = true): Repo {
  const dir = folder('remote');
  const bare = new Repo(dir);
  const config = repo.read('.git/config');
  const format = /objectformat = sha256/.test(config) ? 'sha256' : 'sha1';
  bare.git('init', '--quiet', '--bare', '-b', 'main', `--object-format=${format}`);
  repo.write(
    '.git/config',
    `${config}[remote "${name}"]\n\turl = ${dir}\n\tfetch = +refs/heads/*:refs/remotes/${name}/*\n`,
  );
  if (push) {
    repo.publish('main', name);
    repo.write(`.git/refs/remotes/${name}/HEAD`, `ref: refs/remotes/${name}/main\n`);
  }
  return bare;
}

/** The text of a policy with an owner, `lead`, and two protected paths. */
export function policyText(keys: Record<string, Key>, more = ''): string {
  const owners = Object.entries(keys).map(([name, key]) => `  ${name}: { keys: ["${key.line}"] }`);
  return [
    'version: 1',
    'project: 0123456789abcdef0123456789abcdef',
    'owners:',
    ...owners,
    'branches: { main: {} }',
    more.includes('files:')
      ? ''
      : 'files:\n  - { paths: [server/pay.ts], risk: critical, reason: Payments }\n  - { paths: [config/], risk: high }',
    more,
    '',
  ].join('\n');
}

/** Where the test processes of one run leave each other what is the same for all of them; a process alone has its own. */
const shared = process.env['PROTECT_TEST_SHARED'] ?? folder('shared');

/** An empty repository whose hooks are wired: the first that needs it makes it, all copy it. */
function wiredRepo(format: 'sha1' | 'sha256'): Repo {
  const template = join(shared, `wired-${format}`);
  if (existsSync(template)) return copyRepo(new Repo(template));
  const repo = newRepo({ format });
  const wired = repo.protect('wire');
  if (wired.code !== 0) throw new Error(wired.out);
  keepCompiled(repo);
  const copy = copyRepo(repo);
  try {
    renameSync(repo.dir, template);
  } catch (error) {
    // Another process came first.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return copy;
}

/** Puts the hooks' compiled code into a repository, as any has it that has seen a commit; how it gets there, hooks.test.ts tries. */
function keepCompiled(repo: Repo): void {
  const seen = new Repo(copyRepo(repo).dir, hooksApart);
  seen.write('.protectionrc', policyText({ lead: leadKey() })).git('add', '.protectionrc');
  seen.tryGit('hook', 'run', 'pre-commit');
  const cache = join(seen.dir, '.git/protect/cache');
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache).filter((entry) => entry.endsWith('.v8')))
    repo.write(`.git/protect/cache/${name}`, readFileSync(join(cache, name)));
}

interface Guarded {
  keys?: Record<string, Key>;
  more?: string;
  files?: Record<string, string>;
  format?: 'sha1' | 'sha256';
  hooks?: boolean;
  remote?: boolean;
}

let madeKey: Key | undefined;

/** The key of the owner where a test does not care which. */
function leadKey(): Key {
  madeKey ??= makeKey('lead');
  return madeKey;
}

const guardedRepos = new Map<string, { repo: Repo; origin: Repo | null; copies: number }>();

/** A repository with a policy on main, a remote that has it, and wired hooks: made once for the same options, and copied. */
export function guardedRepo(options: Guarded = {}) {
  const keys = options.keys ?? { lead: leadKey() };
  const name = JSON.stringify({ ...options, keys });
  const made = guardedRepos.get(name) ?? makeGuardedRepo(options, keys);
  guardedRepos.set(name, made);
  // From the second on: one file is copied faster than a folder for each object.
  if (++made.copies === 2) for (const each of [made.repo, made.origin]) each?.git('repack', '-adq');
  const { repo, origin } = made.origin
    ? copyWithRemote(made.repo, made.origin)
    : { repo: copyRepo(made.repo), origin: null };
  // The files of a copy are other files to Git until it has looked at them.
  repo.git('update-index', '-q', '--refresh');
  return { repo, keys, origin };
}

function makeGuardedRepo(options: Guarded, keys: Record<string, Key>) {
  const format = options.format ?? 'sha1';
  const repo = options.hooks === false ? newRepo({ format }) : wiredRepo(format);
  // The hooks come into the history with a commit of their own.
  const own = repo.has('.husky') ? ['.husky'] : [];
  for (const name of own) renameSync(join(repo.dir, name), join(repo.dir, `.git/${name}`));
  repo.commit('chore: start', {
    'server/pay.ts': 'export const fee = 1;\n',
    'config/app.json': '{}\n',
    'src/a.ts': 'a\n',
    '.protectionrc': policyText(keys, options.more ?? ''),
    ...options.files,
  });
  const origin = options.remote === false ? null : addRemote(repo);
  if (options.hooks !== false) {
    for (const name of own) renameSync(join(repo.dir, `.git/${name}`), join(repo.dir, name));
    repo.commit('chore: hooks');
    if (origin) repo.publish();
  }
  return { repo, origin, copies: 0 };
}

/** Approves what is staged (or a range) without a terminal. */
export function approve(repo: Repo, key: Key, ...args: string[]): Result {
  return repo.protect('approve', '--key', key.file, '--reason', 'a test', '--yes', ...args);
}

/** Copies a folder, to try something twice from the same start. */
export function copyRepo(repo: Repo): Repo {
  const dir = folder('copy');
  // A tenth of what Node's own cpSync takes for many small files.
  const copied = run(dir, 'cp', ['-R', '-P', `${repo.dir}/.`, '.']);
  if (copied.code !== 0) throw new Error(copied.out);
  return new Repo(dir, repo.env);
}

/** Copies a repository and its remote, which is then the remote of the copy. */
export function copyWithRemote(from: Repo, remote: Repo): { repo: Repo; origin: Repo } {
  const [repo, origin] = [copyRepo(from), copyRepo(remote)];
  const config = repo.read('.git/config');
  repo.write(
    '.git/config',
    config.replace(remote.dir, () => origin.dir),
  );
  return { repo, origin };
}
