import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { localKeys, ownerOf } from '../../approvals/keys.ts';
import { learnDefault, remoteSide } from '../../git/refs.ts';
import { UsageError } from '../../model/index.ts';
import { weaknesses } from '../../policy/weaknesses.ts';
import { defaultBranch } from '../../rules/rules.ts';
import { shellWord } from '../../words/shell-word.ts';
import type { Ailment, Clone, Diagnosis } from './diagnosis.ts';

/** What weakens the policy and the approvals. */
export const ownerDiagnoses: readonly Diagnosis[] = [
  {
    id: 'no-policy',
    symptom: 'There is no policy, or an invalid one',
    why: 'Without `.protectionrc` nothing is judged; with an invalid one, nothing passes except its repair.',
    fix: '`npx git-protect init` writes one; `npx git-protect policy check` says what is wrong, line by line. Commit it.',
    mends: false,
    async look(clone) {
      const loaded = await clone.policy().catch((error: unknown) => {
        if (error instanceof UsageError) return error;
        throw error;
      });
      if (loaded instanceof UsageError)
        return [{ severity: 'error', message: loaded.message, help: loaded.help ?? 'npx git-protect policy check' }];
      if (loaded === null)
        return [
          { severity: 'error', message: 'there is no policy, so nothing is judged', help: 'npx git-protect init' },
        ];
      if (loaded.broken !== undefined)
        return [{ severity: 'error', message: loaded.broken, help: 'npx git-protect policy check' }];
      if (loaded.bootstrap !== 'uncommitted') return [];
      return [
        {
          severity: 'warning',
          message: 'the policy is not committed, so only this clone knows it',
          help: 'git add .protectionrc, and commit',
        },
      ];
    },
  },
  {
    id: 'weak-policy',
    symptom: 'The policy has one owner with one key',
    why: 'If that key is lost, nobody can approve a change, not even of the policy. Other weaknesses of a valid policy are listed as well.',
    fix: 'Let every owner list a second key, on another machine or on a hardware key, or name a second owner.',
    mends: false,
    async look(clone) {
      const loaded = await clone.policy();
      if (loaded === null) return [];
      const { stdout } = await clone.repository.run(['ls-files', '-z', '--full-name'], { cwd: clone.layout.topLevel });
      const tracked = stdout.toString('latin1').split('\0').filter(Boolean);
      const standard = defaultBranch(loaded.policy, await remoteSide(clone.repository));
      return weaknesses(loaded.policy, tracked, standard).map((message) => ({
        severity: 'warning',
        message,
        help: 'edit .protectionrc, then: npx git-protect policy check',
      }));
    },
  },
  {
    id: 'open-key',
    symptom: 'An AI agent could sign with the key of an owner',
    why: 'Any program that runs as you can use a private key without a passphrase. An approval then proves nothing about who approved.',
    fix: '`ssh-keygen -p -f KEY` adds a passphrase; a hardware key (`ssh-keygen -t ed25519-sk`) with `approvals.touch: required` is better.',
    mends: false,
    async look(clone) {
      const agent = clone.agent ?? (await traceOfAgent(clone));
      if (agent === null) return [];
      const found: Ailment[] = [];
      for (const { file, owner } of await ownerKeys(clone)) {
        const text = await clone.read(file);
        if (text !== null && isUnencrypted(text))
          found.push({
            severity: 'warning',
            message: `${file}, a key of the owner ${owner}, has no passphrase, and ${agent} works on this machine`,
            help: `ssh-keygen -p -f ${shellWord(file)}`,
          });
      }
      return found;
    },
  },
  {
    id: 'key-mode',
    symptom: '"Permissions are too open" when approving',
    why: 'ssh-keygen rightly refuses a private key that others can read.',
    fix: 'Run `chmod 600` on the key file.',
    mends: true,
    async look(clone) {
      if (process.platform === 'win32') return [];
      const found: Ailment[] = [];
      for (const { file } of await ownerKeys(clone)) {
        if ((await clone.read(file)) === null) continue;
        const { mode } = await stat(file);
        if ((mode & 0o077) === 0) continue;
        const message = `${file} can be read by others (mode ${(mode & 0o777).toString(8)}), so ssh-keygen will not sign with it`;
        found.push({
          severity: 'error',
          message,
          help: `chmod 600 ${shellWord(file)}`,
          mend: () => chmod(file, 0o600),
        });
      }
      return found;
    },
  },
  {
    id: 'default-branch',
    symptom: '"the default branch is unknown"',
    why: 'The policy is read from the default branch of the remote. A clone made with `git init` and `git remote add`, or of a single branch, was never told which branch that is.',
    fix: "`git remote set-head origin --auto`; in a clone of only some branches, run `git remote set-branches origin '*' && git fetch origin` first.",
    mends: false,
    async look({ repository }) {
      const { remote, head, branches } = await remoteSide(repository);
      if (remote === null || head !== null || branches.size === 0) return [];
      return [
        {
          severity: 'warning',
          message: `the default branch of ${remote} is not known here`,
          help: await learnDefault(repository, remote),
        },
      ];
    },
  },
  {
    id: 'shallow-clone',
    symptom: 'This clone is shallow',
    why: 'Where the history is cut off, nothing can be compared with what came before: exit code 3.',
    fix: '`git fetch --unshallow`.',
    mends: false,
    async look({ repository }) {
      if (!(await repository.isShallow())) return [];
      return [
        {
          severity: 'warning',
          message: 'this clone is shallow, so protect ci can judge nothing here',
          help: 'git fetch --unshallow',
        },
      ];
    },
  },
];

/** The private key files on this machine that belong to an owner. */
async function ownerKeys(clone: Clone): Promise<{ file: string; owner: string }[]> {
  const loaded = await clone.policy();
  if (loaded === null) return [];
  const keys = await localKeys(clone.repository, clone.env);
  return keys.flatMap(({ file, key }) => {
    const owner = ownerOf(loaded.policy, key);
    return file === '' || owner === null ? [] : [{ file: file.replace(/\.pub$/, ''), owner }];
  });
}

/** Settings that AI agents leave where they work. */
async function traceOfAgent({ read, layout, home }: Clone): Promise<string | null> {
  const marks = [
    ['CLAUDE.md', 'Claude Code'],
    ['AGENTS.md', 'an AI agent'],
    ['.cursorrules', 'Cursor'],
    ['.github/copilot-instructions.md', 'Copilot'],
    ['GEMINI.md', 'Gemini CLI'],
  ] as const;
  for (const [file, agent] of marks) if ((await read(join(layout.topLevel, file))) !== null) return agent;
  for (const file of ['.claude.json', '.codex/config.toml', '.gemini/settings.json'])
    if ((await read(join(home, file))) !== null) return 'an AI agent';
  return null;
}

/**
 * Can this private key be used without a passphrase?
 * @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
export function isUnencrypted(text: string): boolean {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return /-----BEGIN (?:RSA |EC |DSA )?PRIVATE KEY-----/.test(text) && !/ENCRYPTED/.test(text);
  const bytes = Buffer.from(body, 'base64');
  const magic = 'openssh-key-v1\0';
  if (bytes.toString('latin1', 0, magic.length) !== magic) return false;
  const length = bytes.readUInt32BE(magic.length);
  return bytes.toString('latin1', magic.length + 4, magic.length + 4 + length) === 'none';
}
