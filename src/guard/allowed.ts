import { productionNames } from './judges/data/connection.ts';
import type { Part } from './judges/judge.ts';
import { texts } from './shell/run.ts';
import type { Refusal } from './verdict.ts';
import type { World } from './world.ts';

/** What the policy makes of a refusal: it may let single commands through, and make `data` and `loss` milder. */
export function isAllowed(refusal: Refusal, part: Part, world: World): Refusal[] {
  const guard = world.policy?.guard;
  if (guard === undefined || !/^(?:data|loss|children)$/.test(refusal.kind)) return [refusal];
  if (
    guard.allow.some(
      ({ command, where }) => isSame(command, part) && (where === 'anywhere' || !namesProduction(part, world)),
    )
  )
    return [];
  const severity = refusal.kind === 'data' ? guard.data : refusal.kind === 'loss' ? guard.loss : 'error';
  if (severity === 'off') return [];
  return [severity === 'warning' ? { ...refusal, isNote: true } : refusal];
}

/** Word for word, as it would be typed; ` *` at the end stands for any words more. */
function isSame(command: string, part: Part): boolean {
  const wanted = command.trim().split(/\s+/);
  const typed = [part.run, ...part.run.around.map((words) => ({ words }))].map(texts);
  return typed.some((words) =>
    wanted.at(-1) === '*'
      ? wanted.slice(0, -1).every((word, at) => words[at] === word)
      : wanted.length === words.length && wanted.every((word, at) => words[at] === word),
  );
}

function namesProduction(part: Part, world: World): boolean {
  const { hosts, ports, files } = productionNames(world);
  const said = [part.run.text, ...part.run.env.values(), ...part.run.around.flatMap((words) => texts({ words }))]
    .join(' ')
    .toLowerCase();
  return (
    [...hosts, ...files].some((name) => said.includes(name.toLowerCase())) ||
    ports.some((port) => new RegExp(`\\b${port}\\b`).test(said))
  );
}
