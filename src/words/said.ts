/**
 * What a program said first, without what it quotes: that may be a value.
 * @returns empty when it said nothing
 */
export function saidFirst(output: string): string {
  const first = output.trim().split('\n')[0] ?? '';
  return first.replace(/(["'`]).*?\1/g, '…').slice(0, 200);
}
