import { effectsOf } from '../effects.ts';
import { foldKey } from '../git/config-file.ts';
import { has, scan, valueFor } from '../git/options.ts';
import { gitFile, ownFile } from '../own-files.ts';
import { hole } from '../shell/run.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';
import { effectTargets } from './effect-targets.ts';
import { askPerson, type Judge, type Part } from './judge.ts';

/** Skipping what judges commits, or writing where it stands. */
export const hooks: Judge = (part, world) => [
  ...skipsHooks(part),
  ...movesConfiguration(part),
  ...switchedOff(part),
  ...takesOut(part),
  ...writesOwnFiles(part, world),
];

const refusal = ({ run: { text } }: Part, message: string, help: string): Refusal => ({
  kind: 'hooks',
  part: text,
  message,
  help,
});

/** Subcommands with `--no-verify`, and the short form where there is one. `git push -n` is a dry run. */
const withVerify: Readonly<Record<string, string | null>> = {
  commit: '-n',
  merge: null,
  am: '-n',
  push: null,
  rebase: null,
  pull: null,
  'cherry-pick': null,
  revert: null,
};

function skipsHooks(part: Part): Refusal[] {
  const { git } = part;
  if (git?.name == null || !Object.hasOwn(withVerify, git.name)) return [];
  const { flags } = scan(git.name, git.args);
  const short = withVerify[git.name]!;
  const found = flags.find(({ name }) => name === short || (name.length >= 6 && '--no-verify'.startsWith(name)));
  if (found === undefined) return [];
  const how = git.alias === null ? '' : ` (the alias '${git.alias}' adds it)`;
  return [
    refusal(
      part,
      `git ${git.name} ${found.name} skips the hooks that judge this change${how}`,
      `run it without ${found.name}, and fix what the hook reports; npx git-protect explain CHECK says why`,
    ),
  ];
}

/** Settings that decide which hooks run, which policy Git reads, or that run a program in their place. */
const keys =
  /^(?:core\.(?:hookspath|worktree|bare|attributesfile|fsmonitor|excludesfile)|include\.path|includeif\..*\.path|protect\..*|extensions\..*|init\.templatedir|remote\..*\.(?:receivepack|uploadpack|push|mirror)|push\.default|url\..*\.(?:insteadof|pushinsteadof)|gpg\.(?:.*\.)?program|safe\.bareRepository|hook\..*)$/i;
const harmless =
  /^(?:core\.(?:bare|worktree|attributesfile|excludesfile|fsmonitor)|push\.default|url\..*|remote\..*\.push|extensions\.|safe\.)/;

function isGrave(key: string): boolean {
  const folded = foldKey(key).toLowerCase();
  return keys.test(folded) && !harmless.test(folded);
}

function movesConfiguration(part: Part): Refusal[] {
  const {
    git,
    run: { env },
  } = part;
  const help = 'leave the setting as it is; npx git-protect doctor says what is wrong with the hooks';
  const found: Refusal[] = [];
  for (const name of env.keys()) {
    if (
      /^GIT_CONFIG_(?:COUNT|KEY_\d+|VALUE_\d+|PARAMETERS)$/.test(name) &&
      (git !== null || name !== 'GIT_CONFIG_COUNT')
    )
      found.push(refusal(part, `${name} gives Git other settings, and so other hooks`, help));
    if (
      /^GIT_CONFIG(?:_GLOBAL|_SYSTEM)?$/.test(name) &&
      git !== null &&
      !/^(?:clone|init|ls-remote)$/.test(git.name ?? '') &&
      !isNull(env.get(name))
    )
      found.push(refusal(part, `${name} gives Git other settings, and so other hooks`, help));
    if (
      /^GIT_(?:DIR|COMMON_DIR|TEMPLATE_DIR|EXEC_PATH)$/.test(name) &&
      git !== null &&
      writes(git.name) &&
      !/^\.git\/?$/.test(env.get(name)!)
    )
      found.push(refusal(part, `${name} leads Git past this repository's hooks`, help));
  }
  if (git === null) return found.slice(0, 1);
  if (git.name?.includes(hole) && part.run.file === null)
    found.push({
      ...refusal(part, 'which command of Git it runs is not written out', 'write it literally'),
      kind: 'unclear',
    });
  const said = [...git.settings].find(({ key }) => key.includes(hole) || isGrave(key));
  if (said !== undefined)
    found.push(refusal(part, `git -c ${shown(said.key)} takes hooks or settings from elsewhere`, help));
  const alias = git.settings.find(({ key, value }) => /^alias\./i.test(key) && value.includes(hole));
  if (alias !== undefined)
    found.push(refusal(part, `git -c ${shown(alias.key)} hides what it runs`, 'write it literally'));
  if (git.name === 'config') found.push(...setsConfiguration(part, git.args));
  if (git.name === 'init' && valueFor(scan('init', git.args).flags, '--template', '--separate-git-dir') !== null)
    found.push(
      refusal(
        part,
        'git init --template writes other hooks over those that are there',
        'run git init without it, in a new folder',
      ),
    );
  return found.slice(0, 1);
}

const isNull = (value: string | undefined) => value === '/dev/null';
const shown = (key: string) => key.replaceAll(hole, '…');
const writes = (name: string | null) =>
  name !== null &&
  /^(?:commit|push|merge|am|rebase|cherry-pick|revert|pull|update-ref|commit-tree|config|reset|branch|checkout|switch)$/.test(
    name,
  );

/** `git config` in every form: `KEY VALUE`, `set`, `--unset`, `--add`, `--replace-all`, `--edit`, sections. */
function setsConfiguration(part: Part, args: readonly string[]): Refusal[] {
  const { flags, operands } = scan('config', args);
  const verb = /^(?:get|set|unset|list|edit|rename-section|remove-section)$/.test(operands[0] ?? '')
    ? operands[0]!
    : null;
  const [key = '', value] = verb === null ? operands : operands.slice(1);
  if (verb === 'get' || verb === 'list' || flags.some(({ name }) => /^(?:--get.*|--list|-l|--name-only)$/.test(name)))
    return [];
  const help = 'leave the setting as it is; npx git-protect doctor says what is wrong with the hooks';
  if (verb === 'edit' || has(flags, '--edit', '-e', '--ed'))
    return [refusal(part, 'git config --edit opens settings that decide which hooks run', help)];
  const removes = verb === 'unset' || flags.some(({ name }) => /^--unset/.test(name));
  const section = /section$/.test(verb ?? '') || flags.some(({ name }) => /section$/.test(name));
  if (!removes && !section && value === undefined) return [];
  if (key.includes(hole))
    return [refusal(part, 'which setting git config changes is not written out', 'write it literally')];
  if (section && /^(?:core|include|protect|includeif)/i.test(key))
    return [refusal(part, `git config takes out the settings of [${key}], which decide which hooks run`, help)];
  if (isGrave(key))
    return [refusal(part, `git config changes ${shown(key)}, which decides what judges a change`, help)];
  if (/^alias\./i.test(key) && value !== undefined && hides(value))
    return [
      refusal(
        part,
        `the alias ${shown(key)} would hide a command that is refused`,
        'write the command out where you need it',
      ),
    ];
  return [];
}

/** Does an alias hold what would be refused if it were written out, or what nobody can read? */
const hides = (value: string) =>
  value.includes(hole) ||
  /--no-v(?:e|$|\s)|commit\s+-\w*n|hookspath|--force|(?:^|\s)-f\b|update-ref|husky=0|--receive-pack/i.test(value);

/** Variables by which hook managers skip what they run. */
function switchedOff(part: Part): Refusal[] {
  const {
    run: { env, words },
    name,
  } = part;
  const set = new Map(env);
  if (name === 'export' || name === 'declare' || name === 'set' || name === 'setx')
    for (const { text } of words.slice(1))
      if (text.includes('=')) set.set(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1));
  const help = 'run it without the variable, and fix what the hook reports';
  for (const [variable, value] of set) {
    const isOff = /^(?:0|false|no|off)$/i.test(value) || value.includes(hole);
    if ((variable === 'HUSKY' || variable === 'LEFTHOOK') && isOff)
      return [refusal(part, `${variable}=${value.includes(hole) ? '…' : value} switches the hooks off`, help)];
    if (
      /^(?:HUSKY_SKIP_HOOKS|HUSKY_SKIP_INSTALL|SKIP_SIMPLE_GIT_HOOKS|LEFTHOOK_EXCLUDE|OVERCOMMIT_DISABLE|PRE_COMMIT_ALLOW_NO_CONFIG)$/.test(
        variable,
      ) &&
      value !== '' &&
      !/^(?:0|false)$/.test(value)
    )
      return [refusal(part, `${variable} switches hooks off`, help)];
    if (
      (variable === 'SKIP' || variable === 'GIT_HOOKS_SKIP') &&
      value !== '' &&
      (part.git !== null || name === 'export')
    )
      return [refusal(part, 'SKIP makes pre-commit leave checks out', help)];
  }
  return [];
}

/** Commands that take hooks, policy or the guard itself out. */
function takesOut(part: Part): Refusal[] {
  const [, first, ...rest] = part.words;
  const words = part.words.slice(1).filter((word) => !word.startsWith('-'));
  const isOwn = part.name === 'git-protect' || part.name === 'protect' || part.git?.name === 'protect';
  const own = part.git?.name === 'protect' ? part.git.args : part.words.slice(1);
  if (isOwn && own[0] === 'uninstall' && !own.includes('--dry-run') && !own.includes('--help'))
    return [refusal(part, 'git-protect uninstall takes the hooks and the policy out', askPerson)];
  if (
    /^(?:npm|pnpm|yarn|bun)$/.test(part.name) &&
    /^(?:uninstall|un|remove|rm|r|unlink)$/.test(first ?? '') &&
    rest.some((word) => /^(?:git-protect|husky)(?:@|$)/.test(word))
  )
    return [refusal(part, `it takes the package out that judges commits`, askPerson)];
  if (
    part.name === 'npm' &&
    first === 'pkg' &&
    rest[0] === 'delete' &&
    rest.some((word) => /^scripts(?:\.(?:prepare|postinstall))?$/.test(word))
  )
    return [refusal(part, 'it takes the script out that wires the hooks after an install', askPerson)];
  if (/^(?:husky|lefthook|pre-commit)$/.test(part.name) && words[0] === 'uninstall')
    return [refusal(part, `${part.name} uninstall takes the hooks out`, askPerson)];
  return [];
}

function writesOwnFiles(part: Part, world: World): Refusal[] {
  const found: Refusal[] = [];
  for (const effect of effectsOf(part.run)) {
    for (const target of effectTargets(effect, part.run.cwd, world)) {
      const own =
        target.inGit !== null
          ? gitFile(target.inGit)
          : ownFile(target.inTree ?? target.absolute ?? '', world.hooksFolder, effect.how);
      if (
        own === null ||
        (effect.how === 'read-back' &&
          target.absolute !== null &&
          (part.name === 'mkdir' || world.read(target.absolute) !== null))
      )
        continue;
      const help =
        own.kind === 'approvals'
          ? 'npx git-protect approval add TOKEN|FILE adds an approval that an owner signed'
          : `leave it as it is, or ${askPerson}`;
      found.push({
        kind: own.kind,
        part: part.run.text,
        message: `${target.shown} is ${own.what}, and ${acts[effect.how]}`,
        help,
      });
    }
    if (found.length > 0) return found.slice(0, 1);
  }
  return found;
}

const acts = {
  write: 'it would be written',
  delete: 'it would be taken away',
  mode: 'its permissions would change',
  'read-back': 'it would be made',
} as const;
