import type { RawCall } from '../call.ts';

export type Json = Readonly<Record<string, unknown>>;

/** What the process says to the host. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An agent that starts the guard before a tool call. */
export interface Host {
  /** As `--host` names it. */
  readonly name: string;
  /** The call in a payload of this host's shape; null: it has another. */
  read(payload: Json): RawCall | null;
  /** Refuses in the form that this host obeys. */
  refuse(reason: string): Answer;
}

/** Exit code 2 and the reason on standard error, which most hosts take for a refusal. */
export const byExitCode = (reason: string): Answer => ({ code: 2, stdout: '', stderr: reason });

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object, or one written as JSON in a text. */
export function objectIn(value: unknown): Json | null {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null; // A plain text: it is no object, and whoever asked goes by that.
  }
}

export const textIn = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** `tool_name` and `tool_input`, as Claude Code has them and others took them over. */
export function readSnakeCase(payload: Json, events: RegExp): RawCall | null {
  const tool = textIn(payload['tool_name']);
  const event = payload['hook_event_name'] ?? payload['event'];
  if (tool === null || (typeof event === 'string' && !events.test(event))) return null;
  const given = payload['tool_input'];
  const input = objectIn(given) ?? (typeof given === 'string' ? { input: given } : null);
  return input === null
    ? null
    : {
        tool,
        input,
        cwd: textIn(payload['cwd']) ?? textIn(payload['working_dir']) ?? rootIn(payload['workspace_roots']),
      };
}

/** The first folder of a list. */
export const rootIn = (value: unknown): string | null => (Array.isArray(value) ? textIn(value[0]) : null);
