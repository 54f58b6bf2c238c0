import { type Host, objectIn, rootIn, textIn } from './host.ts';

/** Cline, where only its JSON refuses and an exit code never does. @see https://docs.cline.bot/features/hooks */
export const cline: Host = {
  name: 'cline',
  read(payload) {
    const call = objectIn(payload['preToolUse']);
    const tool = textIn(call?.['toolName']) ?? textIn(call?.['tool']);
    if (call === null || tool === null) return null;
    return { tool, input: objectIn(call['parameters']) ?? {}, cwd: rootIn(payload['workspaceRoots']) };
  },
  refuse: (reason) => ({ code: 0, stdout: `${JSON.stringify({ cancel: true, errorMessage: reason })}\n`, stderr: '' }),
};
