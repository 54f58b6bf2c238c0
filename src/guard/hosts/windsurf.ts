import { byExitCode, type Host, objectIn, textIn } from './host.ts';

/** Windsurf, which names what is done and not the tool. @see https://docs.windsurf.com/windsurf/cascade/hooks */
export const windsurf: Host = {
  name: 'windsurf',
  read(payload) {
    const action = textIn(payload['agent_action_name']);
    const info = objectIn(payload['tool_info']);
    if (action === null || info === null) return null;
    const cwd = textIn(info['cwd']);
    if (action === 'pre_mcp_tool_use') {
      const name = `${textIn(info['mcp_server_name']) ?? ''}__${textIn(info['mcp_tool_name']) ?? textIn(info['tool_name']) ?? ''}`;
      return {
        tool: `mcp__${name}`,
        input: objectIn(info['mcp_tool_arguments']) ?? objectIn(info['arguments']) ?? info,
        cwd,
      };
    }
    return {
      tool: action === 'pre_write_code' ? 'write_code' : action === 'pre_run_command' ? 'run_command' : action,
      input: info,
      cwd,
    };
  },
  refuse: byExitCode,
};
