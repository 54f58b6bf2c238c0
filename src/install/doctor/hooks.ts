import { chmodSync, existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../model/index.ts';
import { leftAside } from '../../tasks/set-aside.ts';
import { shellWord } from '../../words/shell-word.ts';
import { committedFolder } from '../folder.ts';
import { hookNames, planHooks, strictHook } from '../plan.ts';
import { isStrict, receivingFolder, strictFile, strictText } from '../strict.ts';
import { shim, wireHooks, worktrees } from '../wire-hooks.ts';
import type { Ailment, Clone, Diagnosis } from './diagnosis.ts';

/** Why Git would not run our hooks. */
export const hookDiagnoses: readonly Diagnosis[] = [
  {
    id: 'hooks-path',
    symptom: 'Git takes its hooks from another folder',
    why: 'Git runs only the hooks in the folder that `core.hooksPath` names. A clone that was never wired names none; another tool, or `git config`, may since have named another.',
    fix: '`npx git-protect wire`. An install does this through the `prepare` script, unless scripts are ignored.',
    mends: true,
    async look(clone) {
      const place = await clone.hooks();
      const committed = await committedFolder(clone.repository, clone.layout.topLevel);
      if (committed !== null && committed.folder !== place.folder)
        return [
          {
            severity: 'error',
            message: `Git takes its hooks from ${place.folder} (core.hooksPath), those of git-protect are in ${committed.folder}`,
            help: `git config core.hooksPath ${shellWord(committed.hooksPath)}`,
          },
        ];
      if (place.current?.value === place.hooksPath) return [];
      const message =
        place.current === null
          ? 'this clone is not wired: Git runs none of the hooks (core.hooksPath is not set)'
          : `Git takes its hooks from '${place.current.value}' (core.hooksPath, ${place.current.scope} configuration) and not from '${place.hooksPath}'`;
      return [wired(clone, 'error', message)];
    },
  },
  {
    id: 'hook-files',
    symptom: 'A hook file does not start git-protect',
    why: 'The line that ends in `# git-protect` was removed from a hook, the file `git-protect` next to it is missing or from another version, or the hook is of a kind to which no line can be added.',
    fix: '`npx git-protect wire`, then commit what it changed.',
    mends: true,
    async look(clone) {
      const place = await clone.hooks();
      const files = await planHooks({ ...place, ...clone.layout }, await isStrict(clone.repository));
      if (files.length > 3 && files.every(({ state }) => state === 'new'))
        return [wired(clone, 'error', `${place.folder} holds no hooks of git-protect`)];
      return files.map(({ path, state }) => {
        const isHook = !path.endsWith('/git-protect') && !path.endsWith('/.gitattributes');
        const message = isHook
          ? `${path} ${state === 'new' ? 'is missing' : 'does not start git-protect first'}`
          : `${path} ${state === 'new' ? 'is missing' : 'is from another version'}`;
        // Where the file is missing, the shims of a wired clone run the gate themselves.
        const serious = path.endsWith('/git-protect') ? state === 'new' : isHook && state === 'changed';
        return wired(clone, serious ? 'error' : 'warning', message);
      });
    },
  },
  {
    id: 'shims',
    symptom: 'Another hook manager wrote over the hooks',
    why: 'lefthook, prek, simple-git-hooks and Git LFS write their hooks into the folder of `core.hooksPath`, over ours.',
    fix: '`npx git-protect wire` keeps what they wrote and runs it after ours. A `prepare` script that ends with git-protect does this on each install.',
    mends: true,
    async look(clone) {
      const place = await clone.hooks();
      if (place.runner === 'git' || place.current?.value !== place.hooksPath) return [];
      const found: Ailment[] = [];
      for (const name of hookNames) {
        const path = `${place.hooksPath}/${name}`;
        const content = await clone.read(join(clone.layout.topLevel, path));
        if (content === null) found.push(wired(clone, 'error', `${path} is missing, so Git runs no ${name}`));
        else if (content !== shim) found.push(wired(clone, 'error', `${path} is not what git-protect wrote`));
      }
      return found;
    },
  },
  {
    id: 'lfs',
    symptom: 'Pushes carry no Git LFS objects',
    why: 'Git LFS uploads its objects in a pre-push hook. If git-protect was there first, `git lfs install` finds a hook in its place and says so only once; every push then lands pointers without contents.',
    fix: 'Add the line `git lfs pre-push "$@"` to the hook file: it runs after ours, with what Git passes on standard input.',
    mends: false,
    async look(clone) {
      if (!(await keepsLfs(clone))) return [];
      const { folder, runner, hooksPath: shims, chained } = await clone.hooks();
      const { topLevel, commonDir } = clone.layout;
      const before = chained === 'git' ? join(commonDir, 'hooks') : chained;
      const own = join(topLevel, folder, 'pre-push');
      const places = [own, join(topLevel, shims, 'chained/pre-push'), ...(before ? [join(before, 'pre-push')] : [])];
      for (const place of runner === 'git' ? [own] : places)
        if (/\bgit[ -]lfs\b/.test((await clone.read(place)) ?? '')) return [];
      return [
        {
          severity: 'error',
          message: `files are kept in Git LFS, but no pre-push hook uploads them: pushes land pointers without contents`,
          help: `echo 'git lfs pre-push "$@"' >> ${shellWord(`${folder}/pre-push`)}`,
        },
      ];
    },
  },
  {
    id: 'executable',
    symptom: 'A hook lost its executable bit',
    why: 'Git runs only executable files, and reports others in a hint that is easily overlooked. Archives, network drives and Windows lose the bit.',
    fix: 'Run `chmod +x` on the file; in a tracked folder, commit it with `git update-index --chmod=+x FILE`.',
    mends: true,
    async look(clone) {
      const place = await clone.hooks();
      const folder = place.runner === 'husky' ? place.hooksPath : place.folder;
      if (process.platform === 'win32') return [];
      return hookNames.flatMap((name) => {
        const path = join(clone.layout.topLevel, folder, name);
        const mode = lstatSync(path, { throwIfNoEntry: false })?.mode;
        if (mode === undefined || (mode & 0o111) !== 0) return [];
        const help = `chmod +x ${shellWord(`${folder}/${name}`)}`;
        const mend = async () => chmodSync(path, (mode & 0o777) | 0o755);
        return [
          {
            severity: 'error' as const,
            message: `${folder}/${name} is not executable, so Git does not run it`,
            help,
            mend,
          },
        ];
      });
    },
  },
  {
    id: 'husky-off',
    symptom: 'husky is switched off on this machine',
    why: '`HUSKY=0` in the environment or in `~/.config/husky/init.sh` makes every hook under husky pass without running.',
    fix: 'Remove it. To run one command without hooks, Git has `--no-verify`; CI judges what it lets through.',
    mends: false,
    async look(clone) {
      if ((await clone.hooks()).runner === 'git') return [];
      const init = join(clone.env['XDG_CONFIG_HOME'] || join(clone.home, '.config'), 'husky/init.sh');
      const text = (await clone.read(init)) ?? '';
      const found: Ailment[] = [];
      if (/^\s*(?:export\s+)?HUSKY=(["']?)0\1\s*(?:[;#].*)?$/m.test(text))
        found.push({
          severity: 'error',
          message: `${init} sets HUSKY=0, so no hook runs`,
          help: `remove the line from ${init}`,
        });
      if (clone.env['HUSKY'] === '0')
        found.push({
          severity: 'error',
          message: 'HUSKY=0 is set in this environment, so no hook runs',
          help: 'unset HUSKY',
        });
      return found;
    },
  },
  {
    id: 'worktrees',
    symptom: 'A linked worktree runs no hooks',
    why: '`core.hooksPath` is relative and shared, so each linked worktree needs the folder it names. A worktree made by a tool that does not run `post-checkout` has none.',
    fix: '`npx git-protect wire` in any worktree wires all of them.',
    mends: true,
    async look(clone) {
      const place = await clone.hooks();
      if (place.current?.value !== place.hooksPath) return [];
      const needed = place.runner === 'husky' ? `${place.hooksPath}/shim` : `${place.folder}/pre-commit`;
      const bare = (await worktrees(clone.repository)).filter((worktree) => !existsSync(join(worktree, needed)));
      return bare.map((worktree) =>
        place.runner === 'husky'
          ? wired(clone, 'error', `the worktree ${worktree} runs no hooks: it has no ${needed}`)
          : {
              severity: 'warning',
              message: `the worktree ${worktree} runs no hooks: its branch has no ${needed}`,
              help: `merge the branch that has ${place.folder} into it`,
            },
      );
    },
  },
  {
    id: 'strict',
    symptom: 'Strict mode does not hold in this clone',
    why: 'The policy says `strict: true`, or this clone was set up with `init --strict`, but the hook that Git runs whenever a ref moves is missing, or checks the branches of an older policy.',
    fix: '`npx git-protect wire`.',
    mends: true,
    async look(clone) {
      if (!(await isStrict(clone.repository))) return [];
      const place = await clone.hooks();
      const { topLevel, commonDir } = clone.layout;
      const folder = place.runner === 'husky' ? join(topLevel, place.hooksPath) : join(topLevel, place.folder);
      const receiving = receivingFolder({ ...place, topLevel, commonDir });
      for (const at of [folder, ...(receiving === null ? [] : [receiving])])
        if ((await clone.read(join(at, strictHook))) === null)
          return [wired(clone, 'error', `strict mode is asked for, but ${join(at, strictHook)} is missing`)];
      const list = await clone.read(strictFile(commonDir));
      if (list === null)
        return [wired(clone, 'error', 'strict mode is asked for, but this clone was wired without it')];
      const names = (text: string) => text.replace(/^protect_strict_.*\n/gm, '');
      if (names(list) === names(await strictText(clone.repository, topLevel))) return [];
      return [wired(clone, 'error', 'strict mode looks for the branches of an older policy')];
    },
  },
  {
    id: 'set-aside',
    symptom: 'A commit was killed while its staged tasks ran',
    why: 'While `staged:` tasks run, unstaged changes of the staged files are moved out of the working tree into the Git directory. If the process is killed, they stay there.',
    fix: 'Run the command that `doctor`, or the next commit, prints: it restores every file, byte for byte.',
    mends: false,
    async look({ repository }) {
      const left = await leftAside(repository);
      return left === null ? [] : [{ severity: 'error', message: left.message, help: left.help! }];
    },
  },
  {
    id: 'install-script',
    symptom: 'New clones are not wired by an install',
    why: 'A clone is wired by the `prepare` script of package.json (`postinstall` with Yarn 2 and later). The script may be missing, or npm may be set to ignore scripts.',
    fix: '`npx git-protect init` adds the script; remove `ignore-scripts=true` from .npmrc, or have everybody run `npx git-protect wire` after cloning.',
    mends: false,
    async look(clone) {
      const { topLevel } = clone.layout;
      const folder = (await clone.repository.configured('protect.folder')) ?? '';
      const manifests = await Promise.all(
        [topLevel, join(topLevel, folder)].map((at) => clone.read(join(at, 'package.json'))),
      );
      const present = manifests.filter((text) => text !== null);
      const found: Ailment[] = [];
      if (present.length > 0 && !present.some((text) => text.includes('git-protect/wire')))
        found.push({
          severity: 'warning',
          message: 'no script of package.json wires a new clone',
          help: 'npx git-protect init, or run npx git-protect wire after cloning',
        });
      for (const file of [join(topLevel, '.npmrc'), join(clone.home, '.npmrc')])
        if (/^\s*ignore-scripts\s*=\s*true/m.test((await clone.read(file)) ?? ''))
          found.push({
            severity: 'warning',
            message: `${file} says ignore-scripts=true, so an install wires nothing`,
            help: 'npx git-protect wire after each clone',
          });
      return found;
    },
  },
];

/** Does an attribute file of the repository hand files to Git LFS? */
async function keepsLfs({ repository, layout, read }: Clone): Promise<boolean> {
  const args = ['ls-files', '-z', '--full-name', '--', '.gitattributes', ':(glob)**/.gitattributes'];
  const listed = await repository.run(args, { cwd: layout.topLevel, env: { GIT_LITERAL_PATHSPECS: '0' } });
  for (const path of listed.stdout.toString('utf8').split('\0').filter(Boolean))
    if (/^\s*[^#\s].*\sfilter=lfs\b/m.test((await read(join(layout.topLevel, path))) ?? '')) return true;
  return false;
}

/** An ailment that wiring mends. */
function wired(clone: Clone, severity: Ailment['severity'], message: string): Ailment {
  const mend = async () => {
    const reason = await wireHooks(clone.repository, clone.cwd);
    if (reason !== null) throw new UsageError(`the hooks are not wired: ${reason.trim()}`);
  };
  return { severity, message, help: 'npx git-protect wire', mend };
}
