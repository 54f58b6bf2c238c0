/** A part of a text that a pattern found. */
export interface TextMatch {
  /** The capture group, or all of it where there is none; null: the group took no part. */
  readonly text: string | null;
  /** 1-based. */
  readonly line: number;
}

/** A regular expression whose time grows with the length of the text and no faster. */
export interface Pattern {
  readonly groups: number;
  /** Every match, in order. `^` and `$` stand for the ends of a line. */
  matches(text: string): Iterable<TextMatch>;
  /** Does it match the whole text? */
  fits(text: string): boolean;
  /** Does it match somewhere? */
  finds(text: string): boolean;
}

/**
 * Compiles a pattern in RE2 syntax: no look-around, no back-references, so no text can make it run for long.
 * @see https://github.com/google/re2/wiki/Syntax
 * @throws SyntaxError
 */
export async function compileLinear(source: string): Promise<Pattern> {
  const { RE2JS, RE2JSException } = await import('re2js');
  const compile = (flags: number) => {
    try {
      return RE2JS.compile(source, flags);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      throw new SyntaxError(error.message.replace(/^error parsing regexp: /, ''));
    }
  };
  const whole = compile(0);
  const byLine = compile(RE2JS.MULTILINE);
  return {
    groups: whole.groupCount(),
    *matches(text) {
      const matcher = byLine.matcher(text);
      let [line, counted] = [1, 0];
      while (matcher.find()) {
        for (; counted < matcher.start(); counted++) if (text[counted] === '\n') line++;
        yield { text: matcher.group(whole.groupCount() === 0 ? 0 : 1), line };
      }
    },
    fits: (text) => whole.matcher(text).matches(),
    finds: (text) => whole.matcher(text).find(),
  };
}
