/**
 * The beginning of a text, at most so many characters. A long word goes whole or not at all: the half of a key is not known for
 * one any more, and would be told.
 */
export function shortened(text: string, most: number): string {
  const characters = [...text.slice(0, 4 * most)];
  if (characters.length <= most && text.length <= 4 * most) return text;
  const left = characters.slice(0, most - 1).join('');
  const rest = text.slice(left.length);
  const [half] = /[^\s"'`()[\]{}<>,;]*$/.exec(left)!;
  const [more] = /^[^\s"'`()[\]{}<>,;]*/.exec(rest)!;
  return half.length + more.length < longWord || more === ''
    ? `${left}…`
    : `${left.slice(0, left.length - half.length)}…`;
}

/** The shortest keys have as many characters. */
const longWord = 16;
