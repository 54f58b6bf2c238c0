/** A word as a shell takes it, for commands that a person pastes. */
export function shellWord(word: string): string {
  return /^[\w./@%+=:,][\w./@%+=:,-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
