import { byExitCode, type Host, objectIn, textIn } from './host.ts';

/** OpenCode, by the plugin that `init --agents opencode` writes: it hands on the tool and its arguments. @see https://opencode.ai/docs/plugins */
export const opencode: Host = {
  name: 'opencode',
  read(payload) {
    const tool = textIn(payload['tool']);
    const input = objectIn(payload['args']);
    return tool === null || input === null ? null : { tool, input, cwd: textIn(payload['cwd']) };
  },
  refuse: byExitCode,
};
