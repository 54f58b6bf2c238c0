import { type Field, object, type Schema, typeName } from '../model/schema.ts';
import { policySchema } from './schema.ts';

/** The JSON schema that editors use. @see https://json-schema.org/draft/2020-12 */
export function jsonSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://unpkg.com/git-protect/schema/protectionrc.json',
    title: 'git-protect policy',
    ...toJsonSchema(policySchema),
  };
}

function toJsonSchema(schema: Schema): Record<string, unknown> {
  switch (schema.kind) {
    case 'text':
      return { type: 'string', minLength: 0, ...(schema.pattern ? { pattern: schema.pattern.source } : {}) };
    case 'integer':
      return { type: 'integer', minimum: schema.min, maximum: schema.max };
    case 'number':
      return { type: 'number', minimum: schema.min, maximum: schema.max };
    case 'form':
      return { type: 'string', ...(schema.pattern ? { pattern: schema.pattern.source } : {}) };
    case 'choice':
      return { enum: [...schema.of] };
    case 'duration':
      return { type: 'string', pattern: '^[1-9][0-9]{0,5}(s|m|h|d)$' };
    case 'key':
      return { type: 'string', pattern: '^(sk-)?(ssh|ecdsa)-' };
    case 'pattern':
      return { type: 'string', minLength: 1 };
    case 'any':
      return {};
    case 'list':
      return { type: 'array', items: toJsonSchema(schema.of), minItems: schema.min };
    case 'map':
      return {
        type: ['object', 'null'],
        propertyNames: { pattern: schema.key.source },
        ...(Object.keys(schema.known).length > 0
          ? { properties: Object.fromEntries(Object.entries(schema.known).map(([k, of]) => [k, toJsonSchema(of)])) }
          : {}),
        additionalProperties: toJsonSchema(schema.of),
      };
    case 'brief':
      return { anyOf: [toJsonSchema(schema.fields[schema.key]!.schema), toJsonSchema(object({ ...schema.fields }))] };
    case 'object': {
      const fields = Object.entries(schema.fields);
      const required = fields.filter(([, field]) => field.required).map(([name]) => name);
      return {
        type: required.length > 0 ? 'object' : ['object', 'null'],
        additionalProperties: false,
        properties: Object.fromEntries(fields.map(([name, field]) => [name, property(field)])),
        ...(required.length > 0 ? { required } : {}),
      };
    }
  }
}

function property(field: Field): object {
  return {
    description: field.doc,
    ...toJsonSchema(field.schema),
    ...(field.default === undefined ? {} : { default: field.default }),
  };
}

export interface KeyRow {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly doc: string;
}

/** Every key with its default, for the docs. */
export function keyTable(schema: Schema = policySchema, prefix = ''): KeyRow[] {
  if (schema.kind === 'list') return keyTable(schema.of, `${prefix.slice(0, -1)}[].`);
  if (schema.kind === 'map') return keyTable(schema.of, `${prefix}<name>.`);
  if (schema.kind !== 'object' && schema.kind !== 'brief') return [];
  return Object.entries(schema.fields).flatMap(([name, field]) => [
    { key: prefix + name, type: typeName(field.schema), default: defaultName(field), doc: field.doc },
    ...keyTable(field.schema, `${prefix}${name}.`),
  ]);
}

function defaultName(field: Field): string {
  if (field.required) return 'required';
  if (field.defaultDoc) return field.defaultDoc;
  return field.default === undefined ? 'none' : `\`${JSON.stringify(field.default).replaceAll('"', '')}\``;
}
