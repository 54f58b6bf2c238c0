import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from '../../machine/run.ts';
import { Undecided } from '../../model/index.ts';
import { packageRoot } from '../plan.ts';
import type { Ailment, Clone, Diagnosis } from './diagnosis.ts';

/** What a program with a window of its own gets as PATH. */
const plainPath = '/usr/bin:/bin:/usr/sbin:/sbin';

/** What is missing on this machine. */
export const machineDiagnoses: readonly Diagnosis[] = [
  {
    id: 'git-version',
    symptom: 'Git is too old',
    why: 'git-protect needs Git 2.30, and 2.38 if it has to compute a merge: for a proposal in CI whose target has moved on.',
    fix: 'Update Git.',
    mends: false,
    async look({ repository }) {
      const text = await repository.text(['--version']);
      const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
      const version = Number(major) * 1000 + Number(minor);
      const help = 'update Git: https://git-scm.com/downloads';
      if (!(version >= 2030)) return [{ severity: 'error', message: `this is ${text}, 2.30 is needed`, help }];
      const message = `this is ${text}; protect ci needs 2.38 where the target of a proposal has moved on`;
      return version < 2038 ? [{ severity: 'warning', message, help }] : [];
    },
  },
  {
    id: 'node-version',
    symptom: 'Node is too old',
    why: 'git-protect runs on Node 20.19 and later.',
    fix: 'Update Node, or switch with your version manager.',
    mends: false,
    async look() {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      if (major > 20 || (major === 20 && minor >= 19)) return [];
      return [
        { severity: 'error', message: `this is Node ${process.versions.node}, 20.19 is needed`, help: 'update Node' },
      ];
    },
  },
  {
    id: 'not-found',
    symptom: '"git-protect is not installed here"',
    why: 'A hook looks for the package in its worktree, in the package below the top level that `wire` recorded, in the main worktree, then on PATH. If it finds none, it refuses: what was not checked has not passed.',
    fix: 'Run the install command that the message names. Without a package.json: `npm install --global git-protect`.',
    mends: false,
    async look(clone) {
      const { ok, output } = await whatHooksFind(clone, clone.env['PATH'] ?? '');
      return ok || !output.includes('not installed') ? [] : [said('error', output)];
    },
  },
  {
    id: 'node-not-found',
    symptom: '"node was not found" in a GUI client or an editor',
    why: 'A GUI program starts Git with a PATH that no shell has set up, so version managers are not on it. The hooks then try the node that `wire` recorded, and look where nvm, fnm, Volta, asdf, mise, n, nodenv, proto and Homebrew install theirs.',
    fix: 'Run `npx git-protect wire` in a terminal that has node, or add the folder of node to PATH in `~/.config/husky/init.sh`.',
    mends: true,
    async look(clone) {
      if (!(await whatHooksFind(clone, clone.env['PATH'] ?? '')).ok) return [];
      const { ok, output } = await whatHooksFind(clone, plainPath);
      return ok || output.includes('not installed') ? [] : [said('warning', output)];
    },
  },
  {
    id: 'versions',
    symptom: 'The hooks and this command are of different versions',
    why: 'A global `git-protect` and the one of the repository, or those of two worktrees, can differ; the hooks run the first one they find.',
    fix: 'Install the same version everywhere; in a repository with package.json, run `npx git-protect`, never a global one.',
    mends: false,
    async look(clone) {
      const { ok, output } = await whatHooksFind(clone, clone.env['PATH'] ?? '');
      const entry = ok ? output.trim().split('\n').at(-1)! : '';
      if (!entry.endsWith('/dist/hook.cjs')) return [];
      const manifest = await clone.read(resolve(clone.layout.topLevel, entry, '../../package.json'));
      const theirs = manifest === null ? null : versionOf(manifest);
      const mine = versionOf(await readFile(join(packageRoot, 'package.json'), 'utf8'));
      if (theirs === null || theirs === mine) return [];
      return [
        {
          severity: 'warning',
          message: `the hooks run git-protect ${theirs}, this command is ${mine}`,
          help: 'npx git-protect doctor',
        },
      ];
    },
  },
];

/**
 * Asks the finder itself, so that this page cannot say anything but what the hooks do.
 * @throws Undecided when it does not answer
 */
async function whatHooksFind(clone: Clone, path: string): Promise<{ ok: boolean; output: string }> {
  const finder = join(packageRoot, 'hooks/git-protect');
  const env = Object.fromEntries(Object.entries(clone.env).filter(([name]) => !name.startsWith('GIT_')));
  const script = 'protect_gate=where; . "$1"';
  const shell = process.platform === 'win32' ? 'sh' : '/bin/sh';
  const { exitCode, output, missing, timedOut } = await runCommand([shell, '-c', script, 'sh', finder], {
    cwd: clone.layout.topLevel,
    env: { ...env, PATH: path },
    timeout: 10_000,
    signal: clone.signal,
  });
  if (missing !== null || timedOut)
    throw new Undecided(`what the hooks find could not be asked: ${missing ?? 'no answer within 10 s'}`);
  return { ok: exitCode === 0, output };
}

/** The refusal of the finder, in its own words. */
function said(severity: Ailment['severity'], output: string): Ailment {
  const message = /refused: (.*), so nothing was checked/.exec(output)?.[1] ?? output.trim();
  return { severity, message, help: /help: (.*)/.exec(output)?.[1] ?? 'npx git-protect wire' };
}

function versionOf(manifest: string): string {
  return (JSON.parse(manifest) as { version: string }).version;
}
