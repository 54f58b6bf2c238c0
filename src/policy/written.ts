import type { OwnerKey, Policy } from '../model/index.ts';
import type { Schema } from '../model/schema.ts';
import { policySchema } from './schema.ts';

/** A policy as it would stand in its file, every default filled in: durations, sizes, hours and keys are texts again. */
export function writtenPolicy(policy: Policy): unknown {
  return written(policy, policySchema);
}

function written(value: unknown, schema: Schema): unknown {
  switch (schema.kind) {
    case 'brief':
    case 'object':
      if (typeof value === 'string') return value;
      return entries(value, (name, inner) => {
        const field = schema.fields[name];
        // What is not asked for is left out; a null of the user's own stays.
        return field && (inner !== null || field.schema.kind === 'any') ? written(inner, field.schema) : undefined;
      });
    case 'map':
      return entries(value, (name, inner) =>
        written(inner, Object.hasOwn(schema.known, name) ? schema.known[name]! : schema.of),
      );
    case 'list':
      return (value as readonly unknown[]).map((item) => written(item, schema.of));
    case 'duration':
      return writtenDuration(value as number);
    case 'key': {
      const { type, blob, comment } = value as OwnerKey;
      return `${type} ${blob} ${comment}`.trim();
    }
    case 'form':
      return schema.write ? schema.write(value as never) : value;
    default:
      return value;
  }
}

/** What `write` answers with undefined is left out. */
function entries(value: unknown, write: (name: string, inner: unknown) => unknown): Record<string, unknown> {
  const pairs = Object.entries(value as object).map(([name, inner]) => [name, write(name, inner)] as const);
  return Object.fromEntries(pairs.filter(([, inner]) => inner !== undefined));
}

function writtenDuration(milliseconds: number): string {
  const units = { d: 864e5, h: 36e5, m: 6e4, s: 1e3 };
  const [unit, size] = Object.entries(units).find(([, each]) => milliseconds % each === 0)!;
  return `${milliseconds / size}${unit}`;
}
