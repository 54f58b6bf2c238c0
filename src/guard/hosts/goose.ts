import { byExitCode, type Host, readSnakeCase } from './host.ts';

/** Goose. @see https://block.github.io/goose/docs/guides/hooks */
export const goose: Host = {
  name: 'goose',
  read: (payload) => readSnakeCase(payload, /^(?:PreToolUse|BeforeShellExecution)$/i),
  refuse: byExitCode,
};
