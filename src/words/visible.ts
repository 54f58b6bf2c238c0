/**
 * Text as a terminal may show it: control characters, ANSI escapes, lone surrogates, bidirectional and invisible
 * characters become `<U+202E>`; tabs and line feeds stay.
 */
export function visible(text: string): string {
  return text.replace(hidden, (char) => `<U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`);
}

/** The same for bytes: what is not UTF-8 is shown as `<0xFF>`. */
export function visibleBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return visible(text);
  let out = '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((n) => at + n <= bytes.length && decodes(decoder, bytes.subarray(at, at + n)));
    out += length
      ? visible(bytes.toString('utf8', at, at + length))
      : `<0x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}>`;
    at += length ?? 1;
  }
  return out;
}

const hidden = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function decodes(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer): boolean {
  try {
    return decoder.decode(bytes).length > 0 || bytes.length === 3;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
