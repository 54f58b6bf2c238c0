/** A few words of a text, in letters of a file name. @param other where nothing of it is left */
export function slug(text: string, other: string): string {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return words === '' ? other : words;
}
