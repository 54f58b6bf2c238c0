import { inertJson } from '../../words/inert.ts';
import type { Audit } from '../facts.ts';

/** The audit as its schema describes it, a record a line so that two of them can be compared. */
export function auditJson(audit: Audit): string {
  const lines = Object.entries(audit).map(([key, value]) => {
    const list = Array.isArray(value) && value.length > 0;
    const text = list
      ? `[\n    ${value.map((one) => JSON.stringify(one)).join(',\n    ')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(key)}: ${text}`;
  });
  return inertJson(escaped(`{\n${lines.join(',\n')}\n}\n`));
}

/** JSON that means the same and shows nothing in another order than it stands. */
function escaped(json: string): string {
  return json.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
