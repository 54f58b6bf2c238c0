/** Variables that AI agents set for the commands they run, by the name of the agent. */
const marks: readonly (readonly [agent: string, variables: readonly string[]])[] = [
  ['Claude Code', ['CLAUDECODE', 'CLAUDE_CODE', 'CLAUDE_CODE_SESSION_ID', 'CLAUDE_AGENT_SDK_VERSION']],
  ['Codex', ['CODEX_THREAD_ID', 'CODEX_SANDBOX', 'CODEX_CI']],
  ['Cursor', ['CURSOR_AGENT', 'CURSOR_SANDBOX']],
  ['Gemini CLI', ['GEMINI_CLI']],
  ['Qwen Code', ['QWEN_CODE']],
  ['Copilot', ['COPILOT_MODEL', 'COPILOT_ALLOW_ALL', 'COPILOT_GITHUB_TOKEN']],
  ['opencode', ['OPENCODE', 'OPENCODE_CLIENT', 'OPENCODE_BIN_PATH']],
  ['Augment', ['AUGMENT_AGENT']],
  ['Antigravity', ['ANTIGRAVITY_AGENT']],
  ['Junie', ['JUNIE_DATA', 'JUNIE_SHIM_PATH']],
  ['Amp', ['AMP_CURRENT_THREAD_ID']],
  ['Crush', ['CRUSH']],
  ['pi', ['PI_CODING_AGENT']],
  ['Warp', ['OZ_RUN_ID']],
];

/**
 * The name of the AI agent that runs this process, or null. Whoever wants to hide can unset the variables, so this
 * chooses words and refuses to sign, and never allows anything.
 */
export function detectAgent(env: NodeJS.ProcessEnv): string | null {
  for (const [agent, variables] of marks) if (variables.some((name) => env[name])) return agent;
  const generic = env['AI_AGENT'] || env['AGENT'];
  return generic ? generic.replace(/[^\w .-]/g, '').slice(0, 40) || 'an agent' : null;
}
