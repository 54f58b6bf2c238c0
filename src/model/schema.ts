/** How a part of the policy file is described: its parser, its JSON schema and its docs come from one declaration. */

/** One value of the policy file: what it may be, what it is when absent, what it is for. */
export type Schema =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly expected: string }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly of: readonly (string | number | boolean)[] }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'duration' }
  | Form
  | { readonly kind: 'key' }
  | { readonly kind: 'pattern' }
  | { readonly kind: 'any'; readonly expected: string }
  | { readonly kind: 'list'; readonly of: Schema; readonly min: number }
  | {
      readonly kind: 'map';
      readonly key: RegExp;
      readonly keyExpected: string;
      readonly of: Schema;
      readonly known: Readonly<Record<string, Schema>>;
    }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Field>> }
  /** A map of which one key is nearly always all there is: its value may then stand alone. */
  | { readonly kind: 'brief'; readonly key: string; readonly fields: Readonly<Record<string, Field>> };

/** A text of a form of its own. `read` returns what it means, or undefined; `write` the text, where it means something else. */
export interface Form {
  readonly kind: 'form';
  readonly expected: string;
  /** For the JSON schema of editors. */
  readonly pattern?: RegExp;
  read(text: string): unknown;
  write?(meaning: never): string;
}

export interface Field {
  readonly schema: Schema;
  readonly doc: string;
  readonly required?: true;
  /** As it would be written in the file. */
  readonly default?: unknown;
  /** How the default reads in the docs, where it is not a plain value. */
  readonly defaultDoc?: string;
}

export const text = (expected: string, pattern?: RegExp): Schema => ({
  kind: 'text',
  expected,
  ...(pattern ? { pattern } : {}),
});
export const choice = (...of: (string | number | boolean)[]): Schema => ({ kind: 'choice', of });
export const list = (of: Schema, min = 1): Schema => ({ kind: 'list', of, min });
export const map = (
  of: Schema,
  keyExpected: string,
  key = /./,
  known: Readonly<Record<string, Schema>> = {},
): Schema => ({
  kind: 'map',
  key,
  keyExpected,
  of,
  known,
});
export const object = (fields: Record<string, Field>): Schema => ({ kind: 'object', fields });
export const brief = (key: string, fields: Record<string, Field>): Schema => ({ kind: 'brief', key, fields });
export const duration: Schema = { kind: 'duration' };

/** What is expected here, for errors and docs. */
export function typeName(schema: Schema): string {
  switch (schema.kind) {
    case 'text':
    case 'any':
    case 'form':
      return schema.expected;
    case 'integer':
      return `a whole number from ${schema.min} to ${schema.max}`;
    case 'number':
      return `a number from ${schema.min} to ${schema.max}`;
    case 'choice':
      return schema.of.length === 1 ? String(schema.of[0]) : `one of ${schema.of.join(', ')}`;
    case 'duration':
      return 'a duration such as 90s, 15m, 2h or 7d';
    case 'key':
      return 'an SSH public key such as "ssh-ed25519 AAAA… name"';
    case 'pattern':
      return 'a path pattern';
    case 'list':
      return 'a list';
    case 'map':
    case 'object':
      return 'a map';
    case 'brief':
      return `${typeName(schema.fields[schema.key]!.schema)}, or a map`;
  }
}
