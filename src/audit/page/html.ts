import { oneLine } from '../../words/markdown.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text from outside as the page shows it: nothing in it is markup, nothing in it is hidden. */
export function esc(text: string): string {
  return oneLine(text).replace(/[&<>"']/g, (char) => entities[char]!);
}

/** The same, apart from the direction of what stands beside it. */
export const bdi = (text: string) => `<bdi>${esc(text)}</bdi>`;

export const code = (text: string) => `<code>${bdi(text)}</code>`;

/** A moment that programs read whole and people as far as they need it. */
export function time(iso: string): string {
  const [day, clock] = [iso.slice(0, 10), iso.slice(11, 16)];
  return `<time datetime="${esc(iso)}">${day} <span class="clock">${clock}</span></time>`;
}
