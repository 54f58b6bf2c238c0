import { byExitCode, type Host, readSnakeCase } from './host.ts';

/** Codex. @see https://developers.openai.com/codex/hooks */
export const codex: Host = {
  name: 'codex',
  read: (payload) => readSnakeCase(payload, /^(?:PreToolUse|PermissionRequest)$/i),
  refuse: byExitCode,
};
