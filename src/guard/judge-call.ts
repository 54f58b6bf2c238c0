import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Policy } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { isAllowed } from './allowed.ts';
import type { ToolCall } from './call.ts';
import { isFolder, readWhole } from './disk.ts';
import { parseGit } from './git/command.ts';
import { parseConfig, type Setting } from './git/config-file.ts';
import type { askGit } from './git-answers.ts';
import { judgeEdits, judgeRemote } from './judge-edits.ts';
import { judges } from './judges/index.ts';
import { commandLines, mayStart, scriptOf } from './judges/interpreters.ts';
import type { Part } from './judges/judge.ts';
import { type Place, placeOf } from './place.ts';
import { programName, type Reading, type Run, texts } from './shell/run.ts';
import type { Surroundings } from './shell/started.ts';
import { readShell } from './shell/walk.ts';
import { readWindows } from './shell/windows.ts';
import { judgeUnclear } from './unclear.ts';
import type { Refusal, Verdict } from './verdict.ts';
import { type GitAnswers, makeWorld, type World } from './world.ts';

/** What the judge is handed of the outside. */
export interface Outside {
  readonly env: NodeJS.ProcessEnv;
  /** The policy that holds in a repository. */
  policyAt(place: Place): Promise<Policy | null>;
  isApproved(place: Place, path: string, content: Buffer | null): Promise<boolean>;
}

/** The largest script that is followed, in bytes. */
const maxScript = 64 << 10;

/** Judges one call, part by part. */
export async function judgeCall(call: ToolCall, cwd: string, outside: Outside): Promise<readonly Verdict[]> {
  const worlds = new Worlds(outside);
  try {
    const here = await worlds.at(cwd);
    const verdicts: Verdict[] = [];
    for (const { text, shell } of call.commands) verdicts.push(...(await judgeText(text, shell, cwd, worlds)));
    verdicts.push(...(await judgeEdits(call, cwd, here)));
    if (call.isRemote) verdicts.push(...(await judgeRemote(call, cwd, here)));
    return verdicts;
  } finally {
    worlds.close();
  }
}

async function judgeText(
  text: string,
  shell: 'posix' | 'powershell' | 'cmd',
  cwd: string,
  worlds: Worlds,
): Promise<Verdict[]> {
  const here = await worlds.at(cwd);
  const reading: Reading =
    shell === 'posix'
      ? readShell(text, cwd, variables(here), surroundings(here))
      : readWindows(text, cwd, (inner, from) => readShell(inner, from, variables(here), surroundings(here)));
  const verdicts: Verdict[] = [];
  for (const run of reading.runs) verdicts.push({ text: run.text, refusals: await judgeRun(run, cwd, worlds) });
  for (const unclear of reading.unclear)
    verdicts.push({ text: unclear.text, refusals: judgeUnclear(unclear, reading) });
  return verdicts;
}

async function judgeRun(run: Run, cwd: string, worlds: Worlds): Promise<readonly Refusal[]> {
  const here = await worlds.at(cwd);
  const words = texts(run);
  const name = programName(words[0] ?? '');
  const isGit = name === 'git' || name === 'hub';
  const git = isGit ? parseGit(['git', ...words.slice(1)], () => here.settings()) : null;
  const folder = git === null ? run.cwd : moved(run.cwd, git.elsewhere, run.env);
  const world = folder === null || run.far ? here : await worlds.at(folder);
  const part: Part = {
    run: { ...run, cwd: folder },
    words: git === null ? words : ['git', ...(git.name === null ? [] : [git.name]), ...git.args],
    name: isGit ? 'git' : name,
    git,
  };
  const found: Refusal[] = [];
  const judgedPart = gitWords(part);
  for (const judge of judges) found.push(...(await judge(judgedPart, world)));
  if (git !== null)
    for (const script of scriptsOf(git, run.env))
      for (const verdict of await judgeText(script, 'posix', folder ?? cwd, worlds)) found.push(...verdict.refusals);
  for (const line of startedLines(run))
    for (const verdict of await judgeText(line, 'posix', run.cwd ?? cwd, worlds))
      found.push(...verdict.refusals.filter(({ kind }) => kind !== 'unclear' && kind !== 'loss' && kind !== 'files'));
  if (git?.name === 'symbolic-ref' && git.args[0] === 'HEAD' && git.args[1]?.startsWith('refs/heads/'))
    world.branch = git.args[1].slice('refs/heads/'.length);
  if (git?.name === 'checkout' || git?.name === 'switch') follow(git.args, world);
  return found.flatMap((refusal) => isAllowed(refusal, part, world));
}

/** Command lines that an interpreter's script may start, where one of them speaks of what is judged at all. */
function startedLines(run: Run): string[] {
  const script = scriptOf(run);
  return script === null || script.length > maxScript || !mayStart(script) ? [] : commandLines(script).slice(0, 50);
}

/** Judges see `git` with its subcommand, aliases written out and options of Git itself taken off. */
function gitWords(part: Part): Part {
  if (part.git === null) return part;
  const words = part.words.map((text) => ({
    text,
    glob: part.run.words.some((word) => word.glob && word.text === text),
  }));
  return { ...part, run: { ...part.run, words } };
}

/** Scripts that Git hands to a shell: aliases with `!`, `--exec`, and settings that are programs. */
function scriptsOf(git: NonNullable<Part['git']>, env: Run['env']): string[] {
  const scripts = git.script === null ? [] : [[git.script, ...git.args].join(' ')];
  const programs =
    /^(?:core\.(?:editor|pager|sshcommand|askpass|fsmonitor)|sequence\.editor|diff\..*(?:command|textconv)|diff\.external|merge\..*\.driver|filter\..*\.(?:clean|smudge|process)|credential\..*helper|credential\.helper|pager\..*|difftool\..*|mergetool\..*)$/i;
  for (const { key, value } of git.settings)
    if (programs.test(key) && /\s/.test(value)) scripts.push(value.replace(/^!/, ''));
  for (const [name, value] of env)
    if (
      /^(?:GIT_(?:EDITOR|SEQUENCE_EDITOR|PAGER|SSH_COMMAND|EXTERNAL_DIFF|PROXY_COMMAND|ASKPASS)|EDITOR|VISUAL|PAGER)$/.test(
        name,
      ) &&
      /\s/.test(value)
    )
      scripts.push(value);
  for (const [at, word] of git.args.entries()) {
    const value = /^(?:--exec|-x|--extcmd)$/.test(word) ? git.args[at + 1] : /^--exec=(.*)$/s.exec(word)?.[1];
    if ((git.name === 'rebase' || git.name === 'difftool') && value !== undefined) scripts.push(value);
  }
  if (git.name === 'bisect' && git.args[0] === 'run') scripts.push(git.args.slice(1).map(shellWord).join(' '));
  if (git.name === 'submodule' && git.args.includes('foreach'))
    scripts.push(
      git.args
        .slice(git.args.indexOf('foreach') + 1)
        .filter((word) => word !== '--recursive')
        .join(' '),
    );
  return scripts;
}

/** The folder that Git works in by `-C`, `--work-tree`, `--git-dir` and their variables. */
function moved(
  cwd: string | null,
  { folder, workTree, gitDir }: NonNullable<Part['git']>['elsewhere'],
  env: ReadonlyMap<string, string>,
): string | null {
  let at = cwd;
  for (const step of folder)
    at = step.includes('\0') ? null : isAbsolute(step) ? step : at === null ? null : resolve(at, step);
  const tree = workTree ?? env.get('GIT_WORK_TREE') ?? null;
  const dir = gitDir ?? env.get('GIT_DIR') ?? null;
  if (tree !== null) return at === null || tree.includes('\0') ? at : resolve(at, tree);
  if (dir !== null && at !== null && !dir.includes('\0') && /(?:^|\/)\.git\/?$/.test(dir))
    return resolve(at, dir, '..');
  return at;
}

/** `git switch NAME`: what follows stands on that branch. */
function follow(args: readonly string[], world: World): void {
  const words = args.filter((word) => word !== '--');
  if (args.includes('--') || words.length === 0) return;
  const created = words.findIndex((word) => /^-[bBcC]$|^--(?:create|force-create|orphan)$/.test(word));
  const name =
    created >= 0
      ? words[created + 1]
      : words.filter((word) => !word.startsWith('-')).length === 1
        ? words.find((word) => !word.startsWith('-'))
        : undefined;
  if (
    name !== undefined &&
    /^[\w./-]+$/.test(name) &&
    !/^\.{1,2}\/?$/.test(name) &&
    world.read(join(world.place?.top ?? '/', name)) === null
  )
    world.branch = name.replace(/^origin\//, '');
}

/** The repositories that a call comes to, each looked at once. */
class Worlds {
  readonly #outside: Outside;
  readonly #known = new Map<string, World>();
  readonly #places = new Map<string, Place | null>();
  readonly #closers: (() => void)[] = [];

  constructor(outside: Outside) {
    this.#outside = outside;
  }

  async at(cwd: string): Promise<World> {
    const at = this.#places.get(cwd);
    const place = at === undefined ? placeOf(cwd) : at;
    this.#places.set(cwd, place);
    const key = place?.top ?? '';
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { env } = this.#outside;
    const git = place === null ? nowhere : this.#askLater(place);
    const policy = place === null ? null : await this.#outside.policyAt(place);
    const home = env['HOME'] ?? homedir();
    const world = makeWorld({
      place,
      policy,
      env,
      git,
      home,
      read: readWhole,
      ownSettings: () => personalSettings(home, env),
    });
    this.#known.set(key, world);
    return world;
  }

  /** Git, and the code that asks it, are loaded once something is about to be refused. */
  #askLater(place: Place): GitAnswers {
    let asked: Promise<ReturnType<typeof askGit>> | undefined;
    const { env, isApproved } = this.#outside;
    const answers = () => {
      asked ??= import('./git-answers.ts').then((module) => {
        const git = module.askGit(place.top, env, (path, content) => isApproved(place, path, content));
        this.#closers.push(git.close);
        return git;
      });
      return asked;
    };
    return {
      status: async () => (await answers()).status(),
      unpushed: async (keeping) => (await answers()).unpushed(keeping),
      hasStash: async () => (await answers()).hasStash(),
      isApproved: (path, content) => isApproved(place, path, content),
      patch: async (text, args) => (await answers()).patch(text, args),
    };
  }

  close(): void {
    for (const close of this.#closers) close();
  }
}

/** Outside any repository there is nothing that Git could tell. */
const nowhere: GitAnswers = {
  status: async () => ({ changed: [], untracked: [] }),
  unpushed: async () => 0,
  hasStash: async () => false,
  isApproved: async () => false,
  patch: async () => null,
};

function personalSettings(home: string, env: NodeJS.ProcessEnv): readonly Setting[] {
  const files = [
    env['GIT_CONFIG_GLOBAL'] ?? join(home, '.gitconfig'),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'git/config'),
  ];
  return files.flatMap((file) => parseConfig(readWhole(file)?.toString('utf8') ?? ''));
}

const variables = (world: World): [string, string][] => [
  ...(world.home === null ? [] : [['HOME', world.home] as [string, string]]),
  ['TMPDIR', world.env['TMPDIR'] ?? '/tmp'],
];

function surroundings(world: World): Surroundings {
  const at = (path: string, cwd: string | null) => (isAbsolute(path) ? path : cwd === null ? null : resolve(cwd, path));
  return {
    script(path, cwd) {
      const file = at(path, cwd);
      const content = file === null ? null : readWhole(file);
      return content === null || content.length > maxScript || content.includes(0) ? null : content.toString('utf8');
    },
    isFolder,
    packageScript(name, cwd) {
      for (const folder of [cwd, world.place?.top ?? null]) {
        const text = folder === null ? null : readWhole(join(folder, 'package.json'));
        if (text === null) continue;
        try {
          const script = (JSON.parse(text.toString('utf8')) as { scripts?: Record<string, unknown> }).scripts?.[name];
          return typeof script === 'string' ? script : null;
        } catch {
          return null; // The package manager cannot read it either.
        }
      }
      return null;
    },
    prints(words) {
      const text = words.join(' ');
      if (/^git rev-parse --show-toplevel$/.test(text)) return world.place?.top ?? null;
      if (
        /^git (?:branch --show-current|rev-parse --abbrev-ref HEAD|symbolic-ref (?:-q |--quiet )?--short HEAD)$/.test(
          text,
        )
      )
        return world.branch;
      if (/^git rev-parse --(?:git-dir|absolute-git-dir|git-common-dir)$/.test(text))
        return world.place?.gitDir ?? null;
      if (/^git symbolic-ref (?:-q |--quiet )?HEAD$/.test(text))
        return world.branch === null ? null : `refs/heads/${world.branch}`;
      if (text === 'pwd') return world.place?.top ?? null;
      return null;
    },
  };
}
