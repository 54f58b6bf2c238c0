/** Bytes of a `.env` file that are read. */
export const largestEnvironment = 1 << 20;

/** Reads a `.env` file, as `node --env-file` does. */
export function parseEnvironment(content: Buffer): ReadonlyMap<string, string> {
  const { parseEnv } = process.getBuiltinModule('node:util');
  const text = content.toString('utf8').replace(/^\ufeff/, '');
  return new Map(Object.entries(parseEnv(text)).map(([name, value]) => [name, value ?? '']));
}

/** Is there nothing in a value but white space, quotes and characters that nobody sees? */
export function isEmpty(value: string): boolean {
  return /^[\s"'`\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*$/u.test(value);
}
