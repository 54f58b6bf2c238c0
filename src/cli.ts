#!/usr/bin/env node
import { besideRunner, crashIsUndecided, guarded, type Io } from './commands/io.ts';
import { exitCode, UsageError } from './model.ts';
import { nearest } from './nearest.ts';
import { packageVersion } from './version.ts';

type Command = (args: readonly string[], io: Io) => Promise<number>;

interface Entry {
  readonly usage: string;
  readonly does: string;
  load(): Promise<Command>;
}

const commands: Record<string, Entry> = {
  init: {
    usage: 'init [--owner NAME] [--key FILE.pub] [--ci github|gitlab|none] [--dry-run] [--yes]',
    does: 'set up hooks, policy and CI file in this repository',
    load: async () => (await import('./commands/init.ts')).init,
  },
  wire: {
    usage: 'wire',
    does: 'make this clone run the hooks',
    load: async () => (await import('./commands/wire.ts')).wire,
  },
  hook: {
    usage: 'hook pre-commit | commit-msg FILE | pre-push REMOTE URL',
    does: 'what the Git hooks call',
    load: async () => (await import('./commands/hook.ts')).hook,
  },
  ci: {
    usage:
      'ci [--base REV] [--head REV] [--target BRANCH] [--event proposal|push] [--title TEXT] [--no-commands] [--require-policy] [--format FORMAT] [--output FILE]',
    does: 'run the same checks over a range, in CI or by hand',
    load: async () => (await import('./commands/ci.ts')).ci,
  },
  request: {
    usage: 'request [--staged | --range A..B] [--target BRANCH]… [-o FILE]',
    does: 'write what needs approval as a file for an owner',
    load: async () => (await import('./commands/request.ts')).request,
  },
  approve: {
    usage:
      'approve [FILE | --staged | --range A..B | --landed REV] --reason TEXT [--as NAME] [--key FILE] [--expires 7d] [--target BRANCH]… [--print] [--yes]',
    does: 'show a change and sign it as an owner',
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  approval: {
    usage: 'approval add TOKEN|FILE|- | list | verify [FILE…]',
    does: 'add, list or verify approvals',
    load: async () => (await import('./commands/approval.ts')).approval,
  },
  explain: {
    usage: 'explain PATH|CHECK',
    does: 'why a path is guarded and by whom, or what a check is for',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  policy: {
    usage: 'policy check | show',
    does: 'validate the policy, or print it with every default',
    load: async () => (await import('./commands/policy.ts')).policy,
  },
};

crashIsUndecided();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());

const io: Io = besideRunner({
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
  now: () => new Date(),
});

process.exitCode = await guarded(io, () => main(process.argv.slice(2)));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${packageVersion()}\n`);
    return exitCode.pass;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? io.stderr : io.stdout).write(overview());
    return name === undefined ? exitCode.usage : exitCode.pass;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    const meant = nearest(name, Object.keys(commands));
    throw new UsageError(
      `there is no command '${name}'${meant ? `; did you mean '${meant}'?` : ''}`,
      'protect --help lists them',
    );
  }
  if (args[0] === '--help' || args[0] === '-h') {
    io.stdout.write(`protect ${entry.usage}\n\n${entry.does}\n`);
    return exitCode.pass;
  }
  return (await entry.load())(args, io);
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
  return `protect guards this repository: hooks, signed approvals for protected files, and the same checks in CI.\n\n${lines.join('\n')}\n\nprotect COMMAND --help shows its flags. Exit codes: 0 pass, 1 refused, 2 wrong usage or invalid policy, 3 not judged.\n`;
}
