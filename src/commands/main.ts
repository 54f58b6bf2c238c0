import { exitCode, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { packageVersion } from '../words/version.ts';
import type { Io } from './io.ts';
import type { Usage } from './options.ts';

type Command = (args: readonly string[], io: Io) => Promise<number>;

interface Entry {
  readonly does: string;
  load(): Promise<{ readonly run: Command; readonly usage: Usage }>;
}

/** Every command, in the order in which somebody meets them. */
export const commands: Readonly<Record<string, Entry>> = {
  init: {
    does: 'set up hooks, policy and CI file in this repository',
    load: () => import('./init.ts').then(({ init, usage }) => ({ run: init, usage })),
  },
  wire: {
    does: 'make this clone run the hooks',
    load: () => import('./wire.ts').then(({ wire, usage }) => ({ run: wire, usage })),
  },
  uninstall: {
    does: 'remove git-protect from this repository, and restore what was there',
    load: () => import('./uninstall.ts').then(({ uninstall, usage }) => ({ run: uninstall, usage })),
  },
  doctor: {
    does: 'say why a hook would not run, and fix what is safe to fix',
    load: () => import('./doctor.ts').then(({ doctor, usage }) => ({ run: doctor, usage })),
  },
  hook: {
    does: 'the command that the Git hooks call',
    load: () => import('./hook.ts').then(({ hook, usage }) => ({ run: hook, usage })),
  },
  ci: {
    does: 'run the same checks on a range, in CI or by hand',
    load: () => import('./ci.ts').then(({ ci, usage }) => ({ run: ci, usage })),
  },
  scan: {
    does: 'find what the repository already holds, with the checks that read files',
    load: () => import('./scan.ts').then(({ scan, usage }) => ({ run: scan, usage })),
  },
  request: {
    does: 'write what needs approval to a file for an owner',
    load: () => import('./request.ts').then(({ request, usage }) => ({ run: request, usage })),
  },
  approve: {
    does: 'show a change and sign it as an owner',
    load: () => import('./approve.ts').then(({ approve, usage }) => ({ run: approve, usage })),
  },
  approval: {
    does: 'add, list or verify approvals',
    load: () => import('./approval.ts').then(({ approval, usage }) => ({ run: approval, usage })),
  },
  predeploy: {
    does: 'may this commit go to production now?',
    load: () => import('./predeploy.ts').then(({ predeploy, usage }) => ({ run: predeploy, usage })),
  },
  deploy: {
    does: 'check, prepare the way back, deploy, watch; undo what does not come up',
    load: () => import('./deploy.ts').then(({ deploy, usage }) => ({ run: deploy, usage })),
  },
  listen: {
    does: 'a webhook: on a push, look for a new commit and deploy it',
    load: () => import('./listen.ts').then(({ listen, usage }) => ({ run: listen, usage })),
  },
  freeze: {
    does: 'stop all deploys, for a reason; anybody may do this',
    load: () => import('./freeze.ts').then(({ freeze, usage }) => ({ run: freeze, usage })),
  },
  incident: {
    does: 'stop all deploys, and start a document on what happened',
    load: () => import('./incident.ts').then(({ incident, usage }) => ({ run: incident, usage })),
  },
  thaw: {
    does: 'allow deploys again, with the approval of an owner',
    load: () => import('./thaw.ts').then(({ thaw, usage }) => ({ run: thaw, usage })),
  },
  backup: {
    does: 'make backups that are encrypted, proven by a restore, rotated, and copied elsewhere',
    load: () => import('./backup.ts').then(({ backup, usage }) => ({ run: backup, usage })),
  },
  db: {
    does: 'keep production apart from tests and agents, prove it unchanged, refill the test database',
    load: () => import('./db.ts').then(({ db, usage }) => ({ run: db, usage })),
  },
  fingerprint: {
    does: 'print the policy line that pins a variable to its value',
    load: () => import('./fingerprint.ts').then(({ fingerprint, usage }) => ({ run: fingerprint, usage })),
  },
  secrets: {
    does: 'how old the secrets of production are, and what is due',
    load: () => import('./secrets.ts').then(({ secrets, usage }) => ({ run: secrets, usage })),
  },
  whoami: {
    does: 'which AI agent runs this, and what it may do here',
    load: () => import('./whoami.ts').then(({ whoami, usage }) => ({ run: whoami, usage })),
  },
  guard: {
    does: 'judge what an AI agent is about to do',
    load: () => import('./guard.ts').then(({ guard, usage }) => ({ run: guard, usage })),
  },
  audit: {
    does: 'what landed, who approved it, and what nothing covers',
    load: () => import('./audit.ts').then(({ audit, usage }) => ({ run: audit, usage })),
  },
  guide: {
    does: 'write PROTECTION.md, the policy in readable form',
    load: () => import('./guide.ts').then(({ guide, usage }) => ({ run: guide, usage })),
  },
  ruleset: {
    does: 'print the settings for GitHub or GitLab that make the CI check binding',
    load: () => import('./ruleset.ts').then(({ ruleset, usage }) => ({ run: ruleset, usage })),
  },
  explain: {
    does: 'why a path is guarded and by whom, or what a check is for',
    load: () => import('./explain.ts').then(({ explain, usage }) => ({ run: explain, usage })),
  },
  policy: {
    does: 'validate the policy, or print it with every default',
    load: () => import('./policy.ts').then(({ policy, usage }) => ({ run: policy, usage })),
  },
  completion: {
    does: 'print the completion script for bash, zsh or fish',
    load: () =>
      import('./completion.ts').then(({ completion, usage }) => ({
        run: (args, io) => completion(args, io, commands),
        usage,
      })),
  },
};

/** `protect COMMAND …`. @returns the exit code */
export async function main([name, ...args]: readonly string[], io: Io): Promise<number> {
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
  const { run, usage } = await entry.load();
  // One with verbs of its own says what each of them is for.
  if (asksForHelp(args) && (usage.verbs === undefined || args[0]?.startsWith('-'))) {
    const { helpText } = await import('./help.ts');
    io.stdout.write(helpText(name, entry.does, usage));
    return exitCode.pass;
  }
  return run(args, io);
}

/** Only where it cannot be the value of a flag: a pull request may be called `--help`. */
function asksForHelp([first = '', second = '']: readonly string[]): boolean {
  const isHelp = (word: string) => word === '--help' || word === '-h';
  return isHelp(first) || (!first.startsWith('-') && isHelp(second));
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
  return `protect guards this repository: hooks, signed approvals for protected files, and the same checks in CI.\n\n${lines.join('\n')}\n\nprotect COMMAND --help shows its flags. Exit codes: 0 pass, 1 refused, 2 wrong usage or invalid policy, 3 not judged.\n`;
}
