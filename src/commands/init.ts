import { existsSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fingerprint } from '../approvals/public-key.ts';
import { keepForSetup } from '../git/environment.ts';
import { Porcelain } from '../git/porcelain.ts';
import { Repository } from '../git/repository.ts';
import { planAgents, readAgents } from '../install/agents/index.ts';
import { hooksFolder } from '../install/folder.ts';
import { addScript, readManifest } from '../install/package-script.ts';
import { type PlannedFile, packageFolder, planHooks, readOptional, writePlanned } from '../install/plan.ts';
import { isStrict, strictKey } from '../install/strict.ts';
import { wireHooks } from '../install/wire-hooks.ts';
import { rememberWritten } from '../install/written.ts';
import { exitCode, policyNames, UsageError } from '../model/index.ts';
import { painter } from '../report/paint.ts';
import { compileRules } from '../rules/rules.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { type Ci, ciTemplate, guardedCiPaths, lockFiles } from './ci-template.ts';
import { guessCi, mainBranch } from './first-guesses.ts';
import type { FirstOwner } from './first-owner.ts';
import { firstPolicy } from './first-plan.ts';
import { pasteable } from './invocation.ts';
import { type Io, wantsColor } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { preview } from './preview.ts';
import { askingOn, canAsk, guesses, type Unsure } from './unsure.ts';

interface Plan {
  readonly files: readonly PlannedFile[];
  readonly hooks: string;
  /** Patterns of the first policy. */
  readonly protects: readonly string[];
  readonly remarks: readonly string[];
  readonly owner: FirstOwner | null;
}

export const usage = {
  flags: {
    owner: { type: 'string', value: 'NAME', means: 'the name of the first owner; default: your name in Git' },
    key: { type: 'string', value: 'FILE.pub', means: 'their SSH public key; default: user.signingkey, then ~/.ssh' },
    ci: {
      type: 'string',
      value: 'HOST',
      values: ['github', 'gitlab', 'none'],
      means: 'the CI file to write: github, gitlab or none; default: guessed',
    },
    agents: {
      type: 'string',
      value: 'NAMES',
      means: 'the AI agents to guard: claude,codex,cursor,gemini,copilot and more (docs/agents.md)',
    },
    strict: {
      type: 'boolean',
      means: 'strict mode: protected branches move only to what passes, even with --no-verify',
    },
    server: { type: 'string', value: 'REPOSITORY', means: 'let this bare repository judge what is pushed to it' },
    project: { type: 'string', value: 'ID', means: 'with --server: judge pushes only by the policy of this project' },
    'default-branch': { type: 'string', value: 'NAME', means: 'with --server: its branch, wherever HEAD points' },
    timeout: { type: 'string', value: 'TIME', means: 'with --server: refuse what takes longer to judge; default: 60s' },
    'dry-run': { type: 'boolean', means: 'show what would be written, and write nothing' },
    yes: { type: 'boolean', short: 'y', means: 'take the defaults and do not ask' },
  },
  example: 'npx git-protect init --dry-run',
} as const satisfies Usage;

/** `protect init`: hooks, policy and CI file. Writes nothing that is there already; stages and commits nothing. */
export async function init(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  if (values.server !== undefined) {
    if (values.owner !== undefined || values.key !== undefined || values.ci !== undefined || values.strict)
      throw new UsageError('--server takes no --owner, --key, --ci or --strict: the policy comes with a push');
    const { initServer } = await import('./server.ts');
    const { server, project, 'default-branch': defaultBranch, timeout, 'dry-run': dryRun = false } = values;
    return initServer({ server, project, defaultBranch, timeout, dryRun }, io);
  }
  for (const name of ['project', 'default-branch', 'timeout'] as const)
    if (values[name] !== undefined) throw new UsageError(`--${name} goes with --server REPOSITORY`);
  const ci = values.ci;
  if (ci !== undefined && ci !== 'github' && ci !== 'gitlab' && ci !== 'none')
    throw new UsageError(`--ci is '${ci}', expected github, gitlab or none`);
  if (values.owner !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(values.owner))
    throw new UsageError(`--owner is '${values.owner}', expected a short name without spaces`);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new UsageError('a bare repository has no files to protect', 'run this in a clone');
    const { owner, key, strict = false } = values;
    const unsure = canAsk(io) && !values.yes && !values['dry-run'] ? askingOn(io) : guesses;
    const agents = values.agents === undefined ? [] : readAgents(values.agents);
    const plan = await makePlan(repository, topLevel, io, { owner, key, ci, agents, unsure, strict });
    const told = await pasteable(describe(plan), io);
    if (unsure !== guesses || values['dry-run']) io.stdout.write(await shownOf(plan, topLevel, told, values, io));
    io.stdout.write(told);
    if (values['dry-run']) {
      io.stdout.write('dry run: nothing is written\n');
      return exitCode.pass;
    }
    if (plan.files.length > 0 && !(await unsure.yes('Write these?', true))) {
      io.stderr.write('nothing is written\n');
      return exitCode.refused;
    }
    for (const planned of plan.files) await writePlanned(topLevel, planned);
    if (strict) await repository.run(['config', '--local', strictKey, 'true']);
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
    unsure: Unsure;
    strict: boolean;
    agents: readonly string[];
  },
): Promise<Plan> {
  const remarks: string[] = [];
  const hooks = await hooksFolder(repository);
  const files: PlannedFile[] = [...(await planHooks(hooks, flags.strict || (await isStrict(repository))))];
  const porcelain = new Porcelain(await repository.layout(), topLevel);
  const tracked = await porcelain.files();
  const { unsure } = flags;
  const branch = await mainBranch(repository, unsure);
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
    remarks.push(`${shims} is tracked, and is generated in each clone: git rm -r -q --cached ${shellWord(shims)}`);
  const guarded =
    flags.agents.length === 0 ? null : await planAgents(topLevel, flags.agents, packageFolder(topLevel, io.cwd) ?? '.');
  files.push(...(guarded?.files ?? []));
  remarks.push(...(guarded?.remarks ?? []));
  const protects: string[] = [];
  let owner: Plan['owner'] = null;
  if (policyNames.every((name) => !existsSync(join(topLevel, name)))) {
    const first = await firstPolicy({ repository, porcelain, topLevel, tracked }, io, {
      ...flags,
      branch,
      judges: [`${hooks.folder}/`, ...guardedCiPaths[ci]].map((path) => `/${path}`),
      starts: guarded?.protects ?? [],
    });
    add('.protectionrc', first.text);
    owner = first.owner;
    protects.push(...first.protects);
    remarks.push(...first.remarks);
  } else if (flags.strict && !(await isStrict(repository)))
    remarks.push('strict mode will hold in this clone; to demand it of every clone: strict: true in the policy');
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

/** What will stand in the files: on a terminal as much as its screen holds besides what is told anyway. */
async function shownOf(
  { files }: Plan,
  topLevel: string,
  told: string,
  { 'dry-run': dry }: { readonly 'dry-run'?: boolean },
  io: Io,
): Promise<string> {
  const { rows, columns } = io.stdout as { rows?: number; columns?: number };
  const room = dry ? null : { rows: (rows || 24) - told.split('\n').length, columns: columns || 80 };
  return preview(files, topLevel, room, painter(wantsColor(io, io.stdout)));
}

function describe({ files, hooks, protects, remarks, owner }: Plan): string {
  const ours = files.filter(({ path }) => path.startsWith(`${hooks}/`));
  const listed = files.filter((file) => ours.length < 2 || !ours.includes(file));
  const lines = listed.map(({ path, state }) => `  ${state === 'new' ? 'write ' : 'change'} ${visible(path)}`);
  if (ours.length > 1)
    lines.unshift(
      `  write  ${visible(`${hooks}/: ${ours.map(({ path }) => path.slice(hooks.length + 1)).join(', ')}`)}`,
    );
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
