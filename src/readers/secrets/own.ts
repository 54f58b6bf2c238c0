import type { OwnValue } from '../../model/index.ts';
import { insideBase64 } from './base64.ts';
import { Needles } from './needles.ts';

/** The project's own secrets, ready to be searched for. It holds the values where nobody can read or print them. */
export interface OwnSecrets {
  readonly size: number;
  find(bytes: Buffer): {
    readonly kind: string;
    readonly from: number;
    readonly to: number;
    readonly value: string;
    readonly fingerprint: string;
    readonly severity: 'error';
  }[];
}

/** A value as it may stand in a file. */
interface Form {
  readonly name: string;
  readonly value: string;
  /** How it was written: nothing, or `, in base64`. */
  readonly form: string;
  readonly length: number;
}

const shortest = 12;
/** A file full of them is told by so many. */
const most = 200;

/** Names that frameworks put into what they send to browsers. */
const published = /^(?:NEXT_PUBLIC|VITE|REACT_APP|PUBLIC|EXPO_PUBLIC|NUXT_PUBLIC|GATSBY|VUE_APP|STORYBOOK|NG_APP)_/;

/** Is it a variable whose value every browser is sent? */
export function isPublished(name: string): boolean {
  return published.test(name);
}

/** @param values what the `.env` files at hand and the variables that the policy names hold */
export function ownSecrets(values: readonly OwnValue[]): OwnSecrets {
  const entries: [Uint8Array, Form][] = [];
  const taken = new Set<string>();
  let size = 0;
  for (const { name, value } of values.flatMap(withPassword)) {
    if (value.length < shortest || taken.has(value) || isPublic(name, value)) continue;
    taken.add(value);
    size++;
    for (const { bytes, form } of forms(value)) entries.push([bytes, { name, value, form, length: bytes.length }]);
  }
  const needles = new Needles(entries, false);
  return {
    size,
    find(bytes) {
      const found: ReturnType<OwnSecrets['find']> = [];
      needles.find(bytes, (from, { name, value, form, length }) => {
        if (found.length >= most) return;
        const place = { from, to: from + length, value };
        found.push({ kind: `value of ${name}${form}`, ...place, fingerprint: `own:${name}`, severity: 'error' });
      });
      return found;
    },
  };
}

/** The password within a URL is searched for by itself as well. */
function withPassword(own: OwnValue): OwnValue[] {
  const [, password] = /^[\w+.-]+:\/\/[^:@/\s]*:([^@\s]+)@/.exec(own.value) ?? [];
  return password === undefined ? [own] : [own, { ...own, value: password }];
}

/** Addresses without anything secret in them, and what is named as meant for the public. */
function isPublic(name: string, value: string): boolean {
  if (isPublished(name)) return true;
  const [, host, path = ''] = /^[a-z][\w+.-]*:\/\/([\w.-]+(?::\d+)?)(\/[^?#]*)?$/i.exec(value) ?? [];
  return host !== undefined && path.split('/').every((part) => part.length < 16);
}

/** The value as it may stand in a file: as it is, escaped for JSON, for a URL, and within base64 at each alignment. */
function forms(value: string): { bytes: Uint8Array; form: string }[] {
  const raw = Buffer.from(value);
  const made = new Map<string, string>([[value, '']]);
  const add = (text: string, form: string) => {
    if (!made.has(text)) made.set(text, form);
  };
  add(JSON.stringify(value).slice(1, -1), '');
  const url = encodeURIComponent(value);
  for (const text of [
    url,
    url.replace(/%20/g, '+'),
    url.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  ]) {
    add(text, ', URL-encoded');
    add(
      text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      ', URL-encoded',
    );
  }
  for (const shift of [0, 1, 2]) {
    const within = insideBase64(raw, shift);
    add(within, ', in base64');
    add(within.replaceAll('+', '-').replaceAll('/', '_'), ', in base64');
  }
  return [...made].map(([text, form]) => ({ bytes: Buffer.from(text), form }));
}
