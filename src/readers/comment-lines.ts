/** How a line starts that is nothing but a comment, by the end of the file's name. */
const comments: readonly (readonly [files: RegExp, line: RegExp])[] = [
  [
    /\.(?:[cm]?[jt]sx?|java|kts?|cs|go|php|rs|c|h|cc|cpp|hpp|swift|scala|dart|groovy|gradle)$/i,
    /^\s*(?:\/\/|\*(?!\/)\s)/,
  ],
  [
    /\.(?:py|rb|sh|bash|zsh|ya?ml|toml|feature|ex|exs|pl|r)$|(?:^|\/)\.env[^/]*$|(?:^|\/)Dockerfile[^/]*$/i,
    /^\s*#(?!!)/,
  ],
  [/\.(?:sql|lua|hs)$/i, /^\s*--/],
];

/**
 * A text without the lines that are wholly a comment. What stands behind code stays: to tell it from a text in quotes takes
 * a reader of the language.
 */
export function withoutComments(text: string, path: string): string {
  const form = comments.find(([files]) => files.test(path))?.[1];
  if (form === undefined) return text;
  return text
    .split('\n')
    .map((line) => (form.test(line) ? '' : line))
    .join('\n');
}
