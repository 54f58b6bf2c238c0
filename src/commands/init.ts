import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { keyFromFile, type LocalKey, localKeys, makeKey } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { keepForSetup } from '../git/environment.ts';
import { Porcelain } from '../git/porcelain.ts';
import { remoteSide, symbolicHead } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import { planAgents, readAgents } from '../install/agents/index.ts';
import { hooksFolder } from '../install/folder.ts';
import { addScript, readManifest } from '../install/package-script.ts';
import { type PlannedFile, packageFolder, planHooks, readOptional, writePlanned } from '../install/plan.ts';
import { wireHooks } from '../install/wire-hooks.ts';
import { rememberWritten } from '../install/written.ts';
import { exitCode, policyNames, UsageError } from '../model/index.ts';
import { toldByName } from '../readers/private-files.ts';
import { foldPath } from '../rules/match.ts';
import { compileRules } from '../rules/rules.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { ask, isInteractive } from './ask.ts';
import { type Ci, ciTemplate, guardedCiPath, lockFiles } from './ci-template.ts';
import { firstCommits } from './first-commits.ts';
import { firstMigrations } from './first-migrations.ts';
import { firstRules, isFreeForm, policyText } from './first-policy.ts';
import { pasteable } from './invocation.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

interface Plan {
  readonly files: readonly PlannedFile[];
  readonly hooks: string;
  /** Patterns of the first policy. */
  readonly protects: readonly string[];
  readonly remarks: readonly string[];
  readonly owner: { readonly name: string; readonly key: LocalKey } | null;
}

export const usage = {
  flags: {
    owner: { type: 'string', value: 'NAME', means: 'what the first owner is called; default: your name in Git' },
    key: { type: 'string', value: 'FILE.pub', means: 'their SSH public key; default: user.signingkey, then ~/.ssh' },
    ci: { type: 'string', value: 'HOST', means: 'the CI file to write: github, gitlab or none; default: guessed' },
    agents: {
      type: 'string',
      value: 'NAMES',
      means: 'the AI agents to guard: claude,codex,cursor,gemini,copilot and more (docs/agents.md)',
    },
    'dry-run': { type: 'boolean', means: 'show what would be written, and write nothing' },
    yes: { type: 'boolean', short: 'y', means: 'take the defaults and do not ask' },
  },
  example: 'npx git-protect init --dry-run',
} as const satisfies Usage;

/** `protect init`: hooks, policy and CI file. Writes nothing that is there already; stages and commits nothing. */
export async function init(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const ci = values.ci;
  if (ci !== undefined && ci !== 'github' && ci !== 'gitlab' && ci !== 'none')
    throw new UsageError(`--ci is '${ci}', expected github, gitlab or none`);
  if (values.owner !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(values.owner))
    throw new UsageError(`--owner is '${values.owner}', expected a short name without spaces`);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new UsageError('a bare repository has no files to protect', 'run this in a clone');
    const interactive = isInteractive(io) && !values.yes && !values['dry-run'];
    const agents = values.agents === undefined ? [] : readAgents(values.agents);
    const plan = await makePlan(repository, topLevel, io, {
      owner: values.owner,
      key: values.key,
      ci,
      agents,
      interactive,
    });
    io.stdout.write(await pasteable(describe(plan), io));
    if (values['dry-run']) {
      io.stdout.write('dry run: nothing is written\n');
      return exitCode.pass;
    }
    if (interactive && plan.files.length > 0 && !(await ask(io, 'Write these? [Y/n] ', true))) {
      io.stderr.write('nothing is written\n');
      return exitCode.refused;
    }
    for (const planned of plan.files) await writePlanned(topLevel, planned);
    await rememberWritten(await repository.layout(), plan.files);
    const unwired = await wireHooks(repository, io.cwd);
    if (unwired !== null)
      throw new UsageError(
        `the files are written, but the hooks are not wired: ${unwired.trim()}`,
        'npx git-protect wire',
      );
    io.stdout.write(next(plan, topLevel, io.cwd));
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

async function makePlan(
  repository: Repository,
  topLevel: string,
  io: Io,
  flags: {
    owner: string | undefined;
    key: string | undefined;
    ci: Ci | undefined;
    agents: readonly string[];
    interactive: boolean;
  },
): Promise<Plan> {
  const remarks: string[] = [];
  const hooks = await hooksFolder(repository);
  const files: PlannedFile[] = [...(await planHooks(hooks))];
  const porcelain = new Porcelain(await repository.layout(), topLevel);
  const tracked = await porcelain.files();
  const branch = await mainBranch(repository);
  const ci = flags.ci ?? (await guessCi(porcelain, tracked, topLevel));
  const add = (path: string, content: string) =>
    files.push({ path, content, executable: false, state: existsSync(join(topLevel, path)) ? 'changed' : 'new' });
  for (const { path, content } of await ciTemplate(ci, branch, tracked))
    if (!existsSync(join(topLevel, path))) add(path, content);
  if (ci === 'gitlab')
    remarks.push("include the CI file from .gitlab-ci.yml: include: { local: '.gitlab/protect.yml' }");
  if (ci === 'none')
    remarks.push('no CI file is written; the hooks can be skipped, so run npx git-protect ci where changes land');
  if (!existsSync(join(topLevel, '.protect/.gitattributes'))) add('.protect/.gitattributes', '* -text\n');
  const shims = `${hooks.folder}/_/`;
  const isTracked = hooks.runner === 'husky' && tracked.some((path) => path.startsWith(shims));
  if (isTracked)
    remarks.push(`${shims} is tracked, and is made anew in each clone: git rm -r -q --cached ${shellWord(shims)}`);
  const held = tracked.filter((path) => toldByName(foldPath(Buffer.from(path, 'utf8').toString('latin1'))) !== null);
  if (held.length > 0)
    remarks.push(
      `Git tracks ${held.slice(0, 3).join(', ')}${held.length > 3 ? ` and ${held.length - 3} more` : ''}, which forbidden-files would refuse today; what was there before is left alone`,
    );
  const guarded =
    flags.agents.length === 0 ? null : await planAgents(topLevel, flags.agents, packageFolder(topLevel, io.cwd) ?? '.');
  files.push(...(guarded?.files ?? []));
  remarks.push(...(guarded?.remarks ?? []));
  const protects: string[] = [];
  let owner: Plan['owner'] = null;
  if (policyNames.every((name) => !existsSync(join(topLevel, name)))) {
    owner = await findOwner(repository, porcelain, io, flags);
    if (owner === null)
      remarks.push(
        'no SSH key was found, so nobody could approve a change and no file is protected yet; make one (ssh-keygen -t ed25519), then add owners: and files: to .protectionrc',
      );
    const build = await buildCommand(topLevel, io.cwd);
    const rules = firstRules(tracked, hooks.folder, guardedCiPath[ci], guarded?.protects);
    if (owner !== null) protects.push(...rules.flatMap(({ paths }) => paths));
    const migrations = await firstMigrations(topLevel, tracked);
    const commits = await firstCommits(repository);
    if (isFreeForm(commits))
      remarks.push(
        `${commits.refused} of the last ${commits.seen} commits have another form than 'type: subject', so that is a warning for now (checks.commit-message)`,
      );
    add(
      '.protectionrc',
      policyText({ branch, owner, build, rules, migrations, commits, today: io.now().toISOString().slice(0, 10) }),
    );
  }
  if (guarded !== null && protects.length === 0) {
    const open = await unprotected(repository, guarded.protects);
    if (open.length > 0)
      remarks.push(
        `let the policy protect what starts the guard; under files: write - { paths: [${open.join(', ')}], risk: high, reason: what judges a change }`,
      );
  }
  const script = await planScript(topLevel, io.cwd);
  if (script.file) files.push(script.file);
  if (script.remark) remarks.push(script.remark);
  return { files, hooks: hooks.folder, protects, remarks, owner };
}

/** Patterns of single files that no rule of the policy names yet. */
async function unprotected(repository: Repository, patterns: readonly string[]): Promise<readonly string[]> {
  const loaded = await policyHereIfAny(repository);
  if (loaded === null) return patterns;
  const guards = compileRules(loaded.policy);
  return patterns.filter((pattern) => guards(pattern.replace(/^\//, '')).length === 0);
}

/** The branch to protect: the remote's default, else main or master if there is one, else the current. */
async function mainBranch(repository: Repository): Promise<string> {
  const { head, branches } = await remoteSide(repository);
  if (head !== null) return head;
  for (const name of ['main', 'master', 'trunk'])
    if (branches.has(name) || (await repository.commit(`refs/heads/${name}`)) !== null) return name;
  return (await symbolicHead(repository))?.replace(/^refs\/heads\//, '') ?? 'main';
}

async function guessCi(porcelain: Porcelain, tracked: readonly string[], topLevel: string): Promise<Ci> {
  const urls = (await porcelain.remoteUrls()).join('\n');
  if (tracked.includes('.gitlab-ci.yml') || /gitlab/i.test(urls)) return 'gitlab';
  if (
    tracked.some((path) => path.startsWith('.github/')) ||
    existsSync(join(topLevel, '.github')) ||
    /github/i.test(urls)
  )
    return 'github';
  return 'none';
}

/** The owner's key: the one named, Git's signing key, `~/.ssh/*.pub`, or one made now if a person says so. */
async function findOwner(
  repository: Repository,
  porcelain: Porcelain,
  io: Io,
  flags: { owner: string | undefined; key: string | undefined; interactive: boolean },
): Promise<Plan['owner']> {
  const name = flags.owner ?? (await ownName(porcelain));
  if (flags.key !== undefined) return { name, key: await keyFromFile(flags.key, io.cwd) };
  const [first] = await localKeys(repository, io.env);
  if (first) return { name, key: first };
  const file = join(io.env['HOME'] || homedir(), '.ssh', 'id_ed25519');
  if (!flags.interactive || existsSync(file) || !(await ask(io, `No SSH key was found. Make ${file}? [y/N] `, false)))
    return null;
  await makeKey(file, name, io.env);
  return { name, key: await keyFromFile(file, io.cwd) };
}

async function ownName(porcelain: Porcelain): Promise<string> {
  const word = ((await porcelain.config('user.name')) ?? '')
    .trim()
    .split(/\s+/)[0]!
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .toLowerCase();
  return /^[a-z0-9]/.test(word) ? word.slice(0, 64) : 'owner';
}

/** The command that builds, from the top level: the `build` script of the package there, or of the one below it. */
async function buildCommand(topLevel: string, cwd: string): Promise<string | null> {
  const folder = existsSync(join(topLevel, 'package.json')) ? null : packageFolder(topLevel, cwd);
  const text = await readOptional(join(topLevel, folder ?? '.', 'package.json'));
  if (text === null || typeof readManifest(text, 'package.json').scripts?.['build'] !== 'string') return null;
  return folder === null ? 'npm run build' : `npm --prefix ${shellWord(folder)} run build`;
}

/** Lets every install wire its clone, by a script of the package at the top or here. */
async function planScript(topLevel: string, cwd: string): Promise<{ file?: PlannedFile; remark?: string }> {
  const folder = existsSync(join(topLevel, 'package.json'))
    ? topLevel
    : join(topLevel, packageFolder(topLevel, cwd) ?? relative(topLevel, cwd));
  const text = await readOptional(join(folder, 'package.json'));
  if (text === null)
    return {
      remark:
        'there is no package.json, so nothing wires a new clone by itself; after cloning run: npx git-protect wire',
    };
  const path = relative(topLevel, join(folder, 'package.json')).split(sep).join('/');
  const manifest = readManifest(text, path);
  if (Object.values(manifest.scripts ?? {}).some((command) => command.includes('git-protect/wire'))) return {};
  const yarn = isModernYarn(topLevel, folder, manifest.packageManager);
  const content = addScript(text, yarn ? 'postinstall' : 'prepare');
  const file: PlannedFile = { path, content, executable: false, state: 'changed' };
  if (!yarn || manifest.private === true) return { file };
  return {
    remark: `Yarn runs no 'prepare', and a 'postinstall' would run for everyone who installs this package; after cloning run: yarn git-protect wire`,
  };
}

/** Yarn 2 and later. @see https://yarnpkg.com/advanced/lifecycle-scripts */
function isModernYarn(topLevel: string, folder: string, packageManager: string | undefined): boolean {
  if (packageManager !== undefined) return /^yarn@[^01]/.test(packageManager);
  return [topLevel, folder].some((place) => existsSync(join(place, '.yarnrc.yml')));
}

function describe({ files, protects, remarks, owner }: Plan): string {
  const lines = files.map(({ path, state }) => `  ${state === 'new' ? 'write ' : 'change'} ${visible(path)}`);
  if (lines.length === 0) lines.push('everything is in place');
  if (owner) {
    const file = visible(owner.key.file || 'user.signingkey');
    lines.push(`owner ${owner.name} with ${fingerprint(owner.key.key)} (${file})`);
  }
  if (protects.length > 0) lines.push(`protects ${visible(protects.join(', '))}`);
  return [...lines, ...remarks.map((remark) => `note: ${visible(remark)}`), ''].join('\n');
}

/** What to do then, from the folder that `init` runs in. */
function next({ files, hooks }: Plan, topLevel: string, cwd: string): string {
  if (files.length === 0) return 'the hooks are wired\n';
  const here = realpathSync(cwd);
  const lock = [topLevel, here].flatMap((folder) => lockFiles.map((name) => join(folder, name))).find(existsSync);
  const paths = new Set(files.map(({ path }) => join(topLevel, path.startsWith(`${hooks}/`) ? hooks : path)));
  if (lock !== undefined) paths.add(lock);
  const words = [...paths].map((path) => shellWord(relative(here, path).split(sep).join('/') || '.'));
  return `wired. Look at .protectionrc, then:\n  git add ${words.join(' ')} && git commit -m "chore: protect this repository"\nwhat it holds already: npx git-protect scan\n`;
}
