import { type Host, objectIn, readSnakeCase, textIn } from './host.ts';

/** GitHub Copilot, which reads the reason from JSON. @see https://docs.github.com/en/copilot/reference/hooks-configuration */
export const copilot: Host = {
  name: 'copilot',
  read(payload) {
    const tool = textIn(payload['toolName']);
    // With its events in Pascal case it speaks as Claude Code does.
    if (tool === null) return readSnakeCase(payload, /^PreToolUse$/i);
    const given = payload['toolArgs'] ?? payload['toolInput'];
    const input = objectIn(given) ?? (typeof given === 'string' ? { input: given } : given === undefined ? {} : null);
    return input === null ? null : { tool, input, cwd: textIn(payload['cwd']) };
  },
  refuse: (reason) => ({
    code: 0,
    stdout: `${JSON.stringify({ permissionDecision: 'deny', permissionDecisionReason: reason })}\n`,
    stderr: '',
  }),
};
