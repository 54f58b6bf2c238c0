/** An AI agent that runs this process, by what it sets for the commands it starts. */
export interface Agent {
  /** As `actors:` names it. */
  readonly id: string;
  readonly name: string;
  /** The variable that gives it away. */
  readonly variable: string;
}

/**
 * One row an agent: variables that it sets for the commands it runs, and that no person's shell has. What people set themselves
 * to use an agent (keys, tokens, models) is left out, and what an editor sets in every terminal of its own.
 */
export const agents: readonly (readonly [id: string, name: string, variables: readonly string[]])[] = [
  ['claude', 'Claude Code', ['CLAUDECODE', 'CLAUDE_CODE', 'CLAUDE_CODE_SESSION_ID', 'CLAUDE_AGENT_SDK_VERSION']],
  ['codex', 'Codex', ['CODEX_THREAD_ID', 'CODEX_SANDBOX', 'CODEX_CI']],
  ['cursor', 'Cursor', ['CURSOR_AGENT', 'CURSOR_SANDBOX']],
  ['gemini', 'Gemini CLI', ['GEMINI_CLI']],
  ['qwen', 'Qwen Code', ['QWEN_CODE']],
  ['copilot', 'Copilot', ['COPILOT_CLI', 'COPILOT_AGENT_SESSION_ID']],
  ['opencode', 'opencode', ['OPENCODE', 'OPENCODE_CLIENT']],
  ['augment', 'Augment', ['AUGMENT_AGENT']],
  ['antigravity', 'Antigravity', ['ANTIGRAVITY_AGENT']],
  ['junie', 'Junie', ['JUNIE_DATA', 'JUNIE_SHIM_PATH']],
  ['amp', 'Amp', ['AMP_CURRENT_THREAD_ID']],
  ['crush', 'Crush', ['CRUSH']],
  ['pi', 'pi', ['PI_CODING_AGENT']],
  ['warp', 'Warp', ['OZ_RUN_ID']],
  ['kiro', 'Kiro', ['KIRO_AGENT']],
  ['cline', 'Cline', ['CLINE_ACTIVE']],
];

/** What agents set that follow no list: `AI_AGENT=name`, `AGENT=name`. */
const generic = ['AI_AGENT', 'AGENT'];

/**
 * Every agent that the environment tells of: one may run inside another. Whoever wants to hide can unset the variables, so
 * this chooses words, lowers what may be done and refuses to sign, and never allows anything.
 */
export function detectAgents(env: NodeJS.ProcessEnv): Agent[] {
  const found: Agent[] = [];
  for (const [id, name, variables] of agents) {
    const variable = variables.find((candidate) => env[candidate]);
    if (variable !== undefined) found.push({ id, name, variable });
  }
  for (const variable of generic) {
    const said = env[variable];
    if (!said) continue;
    const name = said.replace(/[^\w .-]/g, '').slice(0, 40) || 'an agent';
    const id = idOf(name);
    if (!found.some((agent) => agent.id === id)) found.push({ id, name, variable });
  }
  return found;
}

/** `claude-code@1.2` and `github-copilot` are claude and copilot; of what no row knows its own word, in lower case. */
function idOf(name: string): string {
  const word = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return agents.find(([id]) => word.split('-').includes(id))?.[0] ?? word;
}

/** The name of the AI agent that runs this process, or null. */
export function detectAgent(env: NodeJS.ProcessEnv): string | null {
  return detectAgents(env)[0]?.name ?? null;
}
