import { byExitCode, type Host, readSnakeCase } from './host.ts';

/** Claude Code. @see https://code.claude.com/docs/en/hooks */
export const claude: Host = {
  name: 'claude',
  read: (payload) => readSnakeCase(payload, /^(?:PreToolUse|PermissionRequest)$/i),
  refuse: byExitCode,
};
