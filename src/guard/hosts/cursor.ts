import { byExitCode, type Host, objectIn, readSnakeCase, rootIn, textIn } from './host.ts';

/** Cursor, whose events for the shell and for servers have fields of their own. @see https://cursor.com/docs/agent/hooks */
export const cursor: Host = {
  name: 'cursor',
  read(payload) {
    const event = payload['hook_event_name'];
    const cwd = textIn(payload['cwd']) ?? rootIn(payload['workspace_roots']);
    if (event === 'beforeShellExecution') {
      const command = textIn(payload['command']);
      return command === null ? null : { tool: 'Shell', input: { command }, cwd };
    }
    if (event === 'beforeMCPExecution') {
      const tool = textIn(payload['tool_name']);
      return tool === null
        ? null
        : { tool: `MCP:${tool}`, input: objectIn(payload['tool_input']) ?? { input: payload['tool_input'] }, cwd };
    }
    return readSnakeCase(payload, /^preToolUse$/i);
  },
  refuse: byExitCode,
};
