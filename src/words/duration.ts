/** `90s`, `15m`, `2h`, `7d` in milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9][0-9]{0,5})(s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[match[2] as 's' | 'm' | 'h' | 'd'] : null;
}
