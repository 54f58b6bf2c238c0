import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Is the body signed with one of the secrets? All are tried, so that the time it takes tells nothing.
 * @param header `sha256=` and the HMAC of the raw body in hex
 * @returns the mark by which the same signature is known again; null: it is not signed by any
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function markOf(header: string, body: Buffer, secrets: readonly Buffer[]): string | null {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  if (hex === undefined) return null;
  const given = Buffer.from(hex, 'hex');
  let mark: string | null = null;
  for (const secret of secrets) {
    const own = createHmac('sha256', secret).update(body).digest();
    if (timingSafeEqual(own, given)) mark = createHash('sha256').update(own).digest('hex');
  }
  return mark;
}
