import { byExitCode, type Host, readSnakeCase } from './host.ts';

/** Gemini CLI. @see https://github.com/google-gemini/gemini-cli/blob/main/docs/hooks/reference.md */
export const gemini: Host = {
  name: 'gemini',
  read: (payload) => readSnakeCase(payload, /^(?:BeforeTool)$/i),
  refuse: byExitCode,
};
