/**
 * Text in which the runner of GitHub Actions finds no command: no `::name::` at the start of a line, no `##[name]`
 * anywhere in one. It reads standard output and standard error alike, and takes U+0085 for white space.
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function inert(text: string): string {
  return text.replace(/(^|[\n\r])((?:[^\S\n\r]|\x85)*):(?=:)/g, '$1$2<U+003A>').replaceAll('##[', '##<U+005B>');
}

/** JSON that means the same and holds no such command. */
export function inertJson(json: string): string {
  return json.replaceAll('##[', '##\\u005b');
}
