/** Where in a text a rule of the library sees secrets. @throws Error when it has no rule of that name */
export type Library = (rule: string, text: string) => Promise<readonly (readonly [from: number, to: number])[]>;

/** The part of a rule that is used. What it says of a secret holds the value, so only the place is taken. */
interface Scanner {
  readonly meta: { readonly id: string };
  create(context: object, options: object): { file(source: object): unknown };
}

/**
 * The rules of secretlint, one by one and without its core: what its comments (`secretlint-disable`) switch off is known
 * to that alone.
 * @see https://github.com/secretlint/secretlint
 */
export async function loadLibrary(): Promise<Library> {
  const { rules } = await import('@secretlint/secretlint-rule-preset-recommend');
  const scanners = new Map((rules as readonly Scanner[]).map((scanner) => [scanner.meta.id, scanner]));
  return async (rule, text) => {
    const scanner = scanners.get(`@secretlint/secretlint-rule-${rule}`);
    if (!scanner) throw new Error(`the library of secret shapes has no rule '${rule}'`);
    const places: (readonly [number, number])[] = [];
    const context = {
      createTranslator: () => () => ({}),
      report: ({ range }: { readonly range: readonly [number, number] }) => places.push(range),
    };
    await scanner.create(context, {}).file({ content: text, contentType: 'text', filePath: '', ext: '' });
    return places;
  };
}
