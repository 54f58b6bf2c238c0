import type { Policy } from '../model/index.ts';

/** What somebody may do here. The third level, a protected file changed, is what approvals are. */
export type Level = 'read-only' | 'development';

/** A level, and what gave it. */
export interface ActorLevel {
  readonly level: Level;
  /** As a reader of the policy would look it up: `actors.agents`. */
  readonly key: string;
  /** The agent that it goes by; null: a person. */
  readonly agent: { readonly name: string; readonly variable: string } | null;
}

interface Detected {
  readonly id: string;
  readonly name: string;
  readonly variable: string;
}

/**
 * What whoever runs this may do: the lowest of what holds for everybody and for each agent that was detected, because what is
 * detected can be forged, and may then only take away.
 * @returns null where the policy has no `actors:`
 */
export function levelOf({ actors }: Policy, detected: readonly Detected[]): ActorLevel | null {
  if (actors === null) return null;
  const each: ActorLevel[] = detected.map(({ id, name, variable }) => {
    const index = actors.rules.findIndex((rule) => rule.agent.toLowerCase() === id);
    const agent = { name, variable };
    return index === -1
      ? { level: actors.agents, key: 'actors.agents', agent }
      : { level: actors.rules[index]!.level, key: `actors.rules[${index}]`, agent };
  });
  const everybody: ActorLevel = { level: actors.default, key: 'actors.default', agent: null };
  return [...each, everybody].find(({ level }) => level === 'read-only') ?? each[0] ?? everybody;
}
