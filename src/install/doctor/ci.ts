import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellWord } from '../../words/shell-word.ts';
import { packageRoot } from '../plan.ts';
import type { Clone, Diagnosis } from './diagnosis.ts';

const places =
  /^(?:\.github\/workflows\/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.gitlab\/.*\.ya?ml|bitbucket-pipelines\.yml|azure-pipelines\.ya?ml|\.azure\/.*\.ya?ml|\.circleci\/config\.yml|Jenkinsfile|\.buildkite\/.*\.ya?ml)$/;

/** How a system is told to fetch all of the history; one that is not listed does so by itself. */
const depths = [
  { file: /^\.github\//, fetches: /actions\/checkout/, whole: /fetch-depth:\s*0/, setting: 'fetch-depth: 0' },
  { file: /^\.gitlab/, fetches: /./, whole: /GIT_DEPTH:\s*["']?0|GIT_STRATEGY:\s*none/, setting: 'GIT_DEPTH: 0' },
  { file: /^bitbucket/, fetches: /./, whole: /depth:\s*full/, setting: 'clone: { depth: full }' },
  { file: /azure/, fetches: /./, whole: /fetchDepth:\s*0/, setting: 'fetchDepth: 0' },
] as const;

/** Whether what the hooks let through is judged again. */
export const ciDiagnoses: readonly Diagnosis[] = [
  {
    id: 'ci-missing',
    symptom: 'CI does not judge again',
    why: 'Local hooks can be skipped (`--no-verify`), and changes made on a website never run them. Only what runs on the other side is binding.',
    fix: '`npx git-protect init --ci github` (or gitlab) writes the file; docs/ci.md has the other systems and the settings that make it binding.',
    mends: false,
    async look(clone) {
      if ((await judging(clone)).length > 0) return [];
      const message = 'no CI file runs protect ci, so whatever skips the hooks lands';
      return [{ severity: 'warning', message, help: 'npx git-protect init --ci github' }];
    },
  },
  {
    id: 'ci-own-judge',
    symptom: 'CI judges a change by files of the change',
    why: 'On `pull_request`, GitHub takes the workflow from the change, and `npx git-protect` after `npm ci` runs whatever the change installs. Whoever writes the change chooses what judges it.',
    fix: 'Let one job run from the target (`pull_request_target`, `--no-commands`, installed outside the checkout at an exact version), as the file that `init` writes does.',
    mends: false,
    async look(clone) {
      const workflows = (await judging(clone)).filter(({ path }) => path.startsWith('.github/'));
      if (workflows.some(({ text }) => /\b(?:pull_request_target|workflow_call)\b/.test(text))) return [];
      return workflows.map(({ path }) => ({
        severity: 'warning',
        path,
        message: 'judges a pull request by files that the pull request may change',
        help: `git rm ${shellWord(path)} && npx git-protect init --ci github`,
      }));
    },
  },
  {
    id: 'ci-shallow',
    symptom: 'CI ends with exit code 3: the clone is shallow',
    why: 'CI systems fetch only the last commit by default. Without what came before it, nothing can be judged.',
    fix: '`fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab, `clone: depth: full` on Bitbucket, `fetchDepth: 0` on Azure.',
    mends: false,
    async look(clone) {
      return (await judging(clone)).flatMap(({ path, text }) => {
        const system = depths.find(({ file, fetches }) => file.test(path) && fetches.test(text));
        if (system === undefined || system.whole.test(text)) return [];
        const message = 'fetches a part of the history only';
        return [{ severity: 'warning' as const, path, message, help: `set '${system.setting}' there` }];
      });
    },
  },
  {
    id: 'ci-version',
    symptom: 'CI runs another version than the hooks',
    why: 'The job that judges installs git-protect at its own exact version, outside the change.',
    fix: 'Set the version in the CI file to the one in package.json.',
    mends: false,
    async look(clone) {
      const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
      return (await judging(clone)).flatMap(({ path, text }) => {
        const there = /git-protect@(\d[\w.-]*)/.exec(text)?.[1];
        if (there === undefined || there === version) return [];
        return [
          {
            severity: 'warning' as const,
            path,
            message: `runs git-protect ${there}, this is ${version}`,
            help: `write git-protect@${version} there`,
          },
        ];
      });
    },
  },
];

interface CiFile {
  readonly path: string;
  readonly text: string;
}

/** The CI files that run `protect ci`. */
async function judging(clone: Clone): Promise<CiFile[]> {
  const { stdout } = await clone.repository.run(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: clone.layout.topLevel,
  });
  const paths = stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => places.test(path));
  const files: CiFile[] = [];
  for (const path of paths) {
    const text = await clone.read(join(clone.layout.topLevel, path));
    if (text !== null && /(?:protect|cli\.js)["']?\s+ci\b/.test(text)) files.push({ path, text });
  }
  return files;
}
