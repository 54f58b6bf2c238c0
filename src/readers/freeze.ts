/** A stop of all deploys, which anybody may put up and an owner takes down: a file in `.protect/freezes/`. */
export interface FreezeFile {
  readonly version: 1;
  readonly reason: string;
  /** Who put it up, as Git knows them: a claim. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Where they lie. */
export const freezesFolder = '.protect/freezes/';

/** Characters of a reason. */
export const longestReason = 500;

const nameForm = /^\.protect\/freezes\/\d{8}T\d{6}Z-[a-z0-9][a-z0-9-]{0,59}\.freeze$/;
const keys = ['version', 'reason', 'by', 'at'];

/** @returns what is wrong with it; null: nothing */
export function freezeFault(path: string, content: Buffer): string | null {
  if (!nameForm.test(path)) return 'is not named as a freeze is: npx git-protect freeze REASON writes one';
  const read = parse(content);
  return typeof read === 'string' ? read : null;
}

/** @throws SyntaxError when it is none */
export function readFreeze(content: Buffer): FreezeFile {
  const read = parse(content);
  if (typeof read === 'string') throw new SyntaxError(read);
  return read;
}

function parse(content: Buffer): FreezeFile | string {
  const text = content.toString('utf8');
  if (content.length > 4096 || !Buffer.from(text, 'utf8').equals(content))
    return 'is not a freeze: it is not short UTF-8';
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return 'is not a freeze: it is not JSON';
  }
  if (typeof read !== 'object' || read === null || Object.keys(read).some((key) => !keys.includes(key)))
    return `is not a freeze: it says ${keys.join(', ')}, and nothing else`;
  const { version, reason, by, at } = read as Partial<FreezeFile>;
  if (version !== 1) return 'is a freeze of another version';
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > longestReason)
    return 'is a freeze without a reason';
  if (typeof by !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at)))
    return 'is a freeze that does not say who put it up, and when';
  return { version, reason, by, at };
}
