/** A line of CODEOWNERS. */
export interface OwnerLine {
  readonly pattern: string;
  readonly owners: readonly string[];
}

/** The lines that say something, in their order. */
export function parseCodeowners(text: string): OwnerLine[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [pattern, ...owners] = line.match(/(?:\\ |\S)+/g)!;
      return { pattern: pattern!.replaceAll('\\ ', ' '), owners };
    });
}

/** Who owns a path: the last line that matches decides, and one without owners leaves it to nobody. */
export function ownersOf(lines: readonly OwnerLine[], path: string): readonly string[] {
  return lines.findLast(({ pattern }) => compiled(pattern).test(path))?.owners ?? [];
}

const known = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  const expression = known.get(pattern) ?? expressionOf(pattern);
  known.set(pattern, expression);
  return expression;
}

/** As gitignore, but that `dir/*` does not reach below the folder. */
function expressionOf(pattern: string): RegExp {
  const isFolder = pattern.endsWith('/');
  const body = pattern.replace(/\/$/, '').replace(/^\//, '');
  const isAnchored = pattern.replace(/\/$/, '').includes('/');
  const parts = body.split('/').map((part) =>
    part === '**'
      ? '**'
      : part
          .replace(/[.+^${}()|[\]\\]/g, '\\$&')
          .replace(/\*+/g, '[^/]*')
          .replace(/\?/g, '[^/]'),
  );
  let text = isAnchored ? '' : '(?:.*/)?';
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    if (part === '**') text += last ? '.+' : '(?:.*/)?';
    else text += last ? part : `${part}/`;
  }
  const isShallow = /(^|\/)\*$/.test(body) && isAnchored;
  const below = isFolder ? '/.*' : isShallow || parts.at(-1) === '**' ? '' : '(?:/.*)?';
  return new RegExp(`^${text}${below}$`, 's');
}
