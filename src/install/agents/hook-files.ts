import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../plan.ts';
import type { Insertion } from './json-file.ts';
import { isWrapper, powershellCommand, wrapperCommand, wrapperLines } from './wrapper.ts';

/** The hook file of one host. */
export interface HookFile {
  readonly host: string;
  /** From the top. */
  readonly path: string;
  /** What is put into it, and what the file is where there is none. */
  readonly kind: 'json' | 'whole';
  insertions(folder: string): readonly Insertion[];
  /** Of `kind` `json`: the empty file that they are put into. */
  readonly empty: Readonly<Record<string, unknown>>;
  /** Of `kind` `whole`. */
  content(folder: string): string;
  readonly executable: boolean;
  /** What the person has to know or do. */
  readonly remark: string | null;
}

/** Has an element a command of ours, at its top or among its hooks? */
export function isOurs(element: unknown): boolean {
  if (typeof element !== 'object' || element === null) return false;
  const { command, bash, hooks } = element as { command?: unknown; bash?: unknown; hooks?: unknown };
  return isWrapper(command) || isWrapper(bash) || (Array.isArray(hooks) && hooks.some(isOurs));
}

const json = (
  host: string,
  path: string,
  insertions: HookFile['insertions'],
  more: Partial<HookFile> = {},
): HookFile => ({
  host,
  path,
  kind: 'json',
  insertions,
  empty: {},
  content: () => '',
  executable: false,
  remark: null,
  ...more,
});

const whole = (host: string, path: string, executable: boolean, content: HookFile['content']): HookFile => ({
  ...json(host, path, () => []),
  kind: 'whole',
  executable,
  content,
});

/** Seconds that a host waits; where it can it refuses then. */
const seconds = 20;

const matcher = 'Bash|PowerShell|Edit|Write|MultiEdit|NotebookEdit|mcp__.*';

/** Every host that can be asked before a tool call, and where. docs/agents.md says of each what fails open. */
export const hookFiles: readonly HookFile[] = [
  json('claude', '.claude/settings.json', (folder) => [
    {
      at: ['hooks', 'PreToolUse'],
      element: {
        matcher,
        hooks: [{ type: 'command', command: wrapperCommand('claude', folder), timeout: seconds, onFailure: 'block' }],
      },
    },
  ]),
  json(
    'codex',
    '.codex/hooks.json',
    (folder) => [
      {
        at: ['hooks', 'PreToolUse'],
        element: {
          matcher: '.*',
          hooks: [{ type: 'command', command: wrapperCommand('codex', folder), timeout: seconds }],
        },
      },
    ],
    { remark: 'Codex skips a hook until you have accepted it once: start codex here and accept it' },
  ),
  json(
    'cursor',
    '.cursor/hooks.json',
    (folder) =>
      (
        [
          ['beforeShellExecution', undefined],
          ['preToolUse', 'Write|Edit|Delete|Shell'],
          ['beforeMCPExecution', undefined],
        ] as const
      ).map(([event, matches]) => ({
        at: ['hooks', event],
        element: {
          ...(matches === undefined ? {} : { matcher: matches }),
          command: wrapperCommand('cursor', folder),
          timeout: seconds,
          failClosed: true,
        },
      })),
    { empty: { version: 1 } },
  ),
  json('gemini', '.gemini/settings.json', (folder) => [
    {
      at: ['hooks', 'BeforeTool'],
      element: {
        matcher: 'run_shell_command|write_file|replace|mcp_.*',
        hooks: [
          { type: 'command', name: 'git-protect', command: wrapperCommand('gemini', folder), timeout: seconds * 1000 },
        ],
      },
    },
  ]),
  json(
    'copilot',
    '.github/hooks/git-protect.json',
    (folder) => [
      {
        at: ['hooks', 'preToolUse'],
        element: {
          type: 'command',
          bash: wrapperCommand('copilot', folder),
          powershell: powershellCommand('copilot', folder),
          timeoutSec: seconds,
        },
      },
    ],
    { empty: { version: 1 } },
  ),
  json('windsurf', '.windsurf/hooks.json', (folder) =>
    ['pre_run_command', 'pre_write_code', 'pre_mcp_tool_use'].map((event) => ({
      at: ['hooks', event],
      element: { command: wrapperCommand('windsurf', folder), show_output: true },
    })),
  ),
  whole(
    'cline',
    '.clinerules/hooks/PreToolUse',
    true,
    (folder) =>
      `#!/bin/sh\n# Written by git-protect: npx git-protect init --agents cline.\n${wrapperLines('cline', folder).join('\n')}\n`,
  ),
  json('goose', '.agents/plugins/git-protect/hooks/hooks.json', (folder) => [
    {
      at: ['hooks', 'PreToolUse'],
      element: {
        matcher: '.*',
        hooks: [{ type: 'command', command: wrapperCommand('goose', folder), timeout: seconds, on_failure: 'block' }],
      },
    },
  ]),
  whole('opencode', '.opencode/plugins/git-protect.js', false, openCodePlugin),
];

/** A plugin that hands each call to the guard, and throws where that does not say yes by its silence. */
function openCodePlugin(folder: string): string {
  const guard = `${folder === '.' ? '' : `${folder}/`}node_modules/git-protect/dist/guard.cjs`;
  const template = readFileSync(join(packageRoot, 'templates/opencode-plugin.js'), 'utf8');
  return template.replace("'node_modules/git-protect/dist/guard.cjs'", () => JSON.stringify(guard));
}
