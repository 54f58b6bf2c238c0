import { visible } from '../words/visible.ts';
import type { Answer, Host } from './hosts/host.ts';
import { withoutSecrets } from './secrets.ts';
import type { Refusal } from './verdict.ts';

/** Characters of a part that are shown. */
const longest = 300;

/** What an agent reads that is refused: each thing once, with the way that helps. */
export function refusalText(refusals: readonly Refusal[]): string {
  const said = new Map(refusals.map((refusal) => [`${refusal.kind} ${refusal.message}`, refusal]));
  return [...said.values()]
    .slice(0, 5)
    .map(
      ({ kind, part, message, help }) =>
        `git-protect refused this (${kind}): ${shown(message)}\n  in: ${shown(part)}\n  help: ${shown(help)}\n`,
    )
    .join('');
}

/** What is told and let through. */
export function noteText(notes: readonly Refusal[]): string {
  return notes.map(({ kind, message, help }) => `git-protect (${kind}): ${shown(message)}; ${shown(help)}\n`).join('');
}

function shown(text: string): string {
  const line = visible(withoutSecrets(text)).replace(/\s*\n\s*/g, ' ⏎ ');
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

/** Silence, a note, or a refusal in the form that the host obeys. Never "allow": the host's own rules decide what passes. */
export function answer(host: Host, refusals: readonly Refusal[]): Answer {
  const grave = refusals.filter(({ isNote }) => isNote !== true);
  if (grave.length > 0) return host.refuse(refusalText(grave));
  return { code: 0, stdout: '', stderr: noteText(refusals) };
}

/** A call that could not be judged. */
export function unreadable(host: Host, why: string): Answer {
  return host.refuse(
    `git-protect refused this: ${visible(why)}, so it could not be judged\n  help: make the call again in a simpler form; if this happens for every call, a person runs npx git-protect doctor\n`,
  );
}
