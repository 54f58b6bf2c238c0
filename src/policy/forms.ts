import type { Form, Schema } from '../model/schema.ts';

/** Forms of values that several parts of the policy have. */

export const url: Form = {
  kind: 'form',
  expected: 'an address such as https://staging.example/health',
  pattern: /^https?:\/\//,
  read(written) {
    if (!/^https?:\/\//.test(written) || !URL.canParse(written)) return undefined;
    const { username, password } = new URL(written);
    return username === '' && password === '' ? written : undefined;
  },
};

export const path: Form = {
  kind: 'form',
  expected: 'a path from the top of the repository, with /',
  read: (written) => (written === '.' || !/^\/|\\|(^|\/)\.{0,2}(\/|$)|\/$/.test(written) ? written : undefined),
};

export const folder: Form = { ...path, read: (written) => path.read(written.replace(/(?<=.)\/$/, '')) };

export const scalar: Schema = { kind: 'any', expected: 'a text, number, true, false or null' };
