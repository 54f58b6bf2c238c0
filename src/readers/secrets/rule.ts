import type { Literal } from './literal.ts';

/** How a secret is known: by its own shape, by random characters under a telling name, or as a word under one. */
export type Sign = 'shape' | 'drawn' | 'chosen';

/** A value that a reader took for a secret. */
export interface Read extends Literal {
  readonly sign: Sign;
}

/** A shape of secret. Rules are data; `scan.ts` is the one that runs them. */
export interface Rule {
  /** What a person calls it. */
  readonly kind: string;
  /** One of these stands at the start of what `pattern` matches, or near it. In lower case, three bytes at least. */
  readonly keywords: readonly string[];
  /**
   * Takes at most linear time. Sticky (`y`): matched at the keyword; else searched `reach` characters around it. Its
   * group `value`, else all it matches, is the secret.
   */
  readonly pattern: RegExp;
  /** In place of `pattern`: reads the secrets around the keyword at `offset`. */
  readonly read?: (text: string, offset: number) => readonly Read[];
  /** It is known by what stands beside it, or anybody may have it: in tests it is only told. Default: no. */
  readonly generic?: boolean;
  /** How many characters in front of the keyword and after it are searched. */
  readonly reach?: readonly [before: number, after: number];
  /** May the keyword follow a letter or digit at once? */
  readonly within?: boolean;
  /** Bits per character that the value has at least. Default 2.5, which leaves out `aaaa…`. */
  readonly entropy?: number;
  /** Is this match a secret? Default: it is, unless it is a placeholder. */
  readonly accepts?: (value: string, match: RegExpExecArray, before: string) => boolean;
  /** A person may have chosen it, so no digest of it is shown. */
  readonly guessable?: boolean;
  /** Only told: it opens no door to production. */
  readonly warning?: boolean;
  /** `pattern` is only how it may look: this rule of the library says what of it is a secret, if anything. */
  readonly library?: string;
}

/** A rule that is a reader of its own. */
export const reader = (
  kind: string,
  keywords: readonly string[],
  read: NonNullable<Rule['read']>,
  more: Partial<Rule> = {},
): Rule => ({ kind, keywords, pattern: /(?!)/y, read, within: true, generic: true, ...more });

/** A token known by how it starts, and nothing that goes on behind it. */
export const token = (kind: string, starts: readonly string[], pattern: RegExp, more: Partial<Rule> = {}): Rule => ({
  kind,
  keywords: starts,
  pattern: new RegExp(`(?:${pattern.source})(?![A-Za-z0-9_-])`, 'y'),
  ...more,
});

/** A token with its mark in the middle or at the end. @param reach how far it extends on both sides of where the mark starts */
export const around = (
  kind: string,
  marks: readonly string[],
  pattern: RegExp,
  reach: readonly [before: number, after: number],
  more: Partial<Rule> = {},
): Rule => ({
  kind,
  keywords: marks,
  pattern: new RegExp(`(?<![A-Za-z0-9_-])(?:${pattern.source})(?![A-Za-z0-9_-])`, 'g'),
  reach,
  within: true,
  ...more,
});

/** A token whose form the library knows. It is loaded only where one of the starts stands before enough characters. */
export const borrowed = (kind: string, starts: readonly string[], library: string, more: Partial<Rule> = {}): Rule => ({
  kind,
  keywords: starts,
  pattern: new RegExp(`(?:${starts.join('|')})[\\w+/=-]{20,}`, 'y'),
  library,
  ...more,
});

/** Hex or base64 that is a secret only because of the name beside it, on the same line or the next. */
export const beside = (kind: string, words: readonly string[], value: RegExp, more: Partial<Rule> = {}): Rule => ({
  kind,
  keywords: words,
  pattern: new RegExp(`(?<=[=:,("'\`\\s>])(?<![@#]["'\\s]?)(?<value>${value.source})(?![A-Za-z0-9_+/=.@-])`, 'g'),
  reach: [0, 140],
  within: true,
  ...more,
});
