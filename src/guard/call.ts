/** One tool call of an agent, whichever host it came from. */
export interface ToolCall {
  /** What the host calls the tool. */
  readonly tool: string;
  /** The folder that the call starts in; null: the host did not say. */
  readonly cwd: string | null;
  /** Command lines that it would run. */
  readonly commands: readonly Command[];
  /** Files that it would change. */
  readonly edits: readonly FileEdit[];
  /** The texts of its arguments, for tools that nobody knows. */
  readonly texts: readonly string[];
  /** Is it a tool of a server that the agent is connected to (MCP)? */
  readonly isRemote: boolean;
}

export interface Command {
  readonly text: string;
  readonly shell: 'posix' | 'powershell' | 'cmd';
}

export interface FileEdit {
  readonly path: string;
  /** What the file holds then, made from what it holds now; null: it is not known, or the file goes. */
  content(before: string | null): string | null;
}

/** What a host handed over, before it is known what the tool does. */
export interface RawCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly cwd: string | null;
}

/** A call that cannot be judged, so it does not pass. */
export class UnreadableCall extends Error {
  override readonly name = 'UnreadableCall';
}

/** The largest payload, and the longest command text, in bytes. */
export const limits = { payload: 16 << 20, command: 64 << 10, depth: 64 } as const;
