import { isUtf8 } from 'node:buffer';
import { parsePublicKey } from '../approvals/public-key.ts';
import type { DatabaseEnvironment, DeployEnvironment, OwnerKey, Policy, Ship } from '../model/index.ts';
import { type Field, type Schema, typeName } from '../model/schema.ts';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from '../readers/settings/yaml-package.ts';
import { patternFault } from '../rules/match.ts';
import { parseDuration } from '../words/duration.ts';
import { shortened } from '../words/shortened.ts';
import { crossCheck, didYouMean } from './cross-check.ts';
import { readDocument } from './document.ts';
import { PolicyError, type PolicyFault } from './fault.ts';
import { type RawDatabase, type RawEnvironment, type RawPolicy, readMay } from './raw.ts';
import { policySchema } from './schema.ts';

export { PolicyError, type PolicyFault } from './fault.ts';

/** Where bytes are no UTF-8, as an editor set to another encoding writes them; null where they are. */
export function notText(content: Buffer): PolicyFault | null {
  if (isUtf8(content)) return null;
  const lines = content.toString('latin1').split('\n');
  const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1'))) + 1;
  return { line, message: 'is not UTF-8; save it in that encoding' };
}

/**
 * Parses a policy file, YAML or JSON.
 * @param text the content
 * @param source how errors call the file
 * @throws PolicyError with every fault
 */
export function parsePolicy(text: string, source: string): Policy {
  const lines = new LineCounter();
  const { document, faults: broken, repeated } = readDocument(text, lines);
  if (document === null || broken.length > 0) throw refusal(source, broken);
  if (document.contents === null)
    throw new PolicyError(source, [{ line: 1, message: "the file is empty, expected at least 'version: 1'" }]);
  const faults: PolicyFault[] = [];
  const reader = new Reader(lines, faults);
  const raw = reader.read(document.contents as Node, policySchema, '') as RawPolicy;
  if (faults.length === 0) crossCheck(raw, (path, message) => reader.tell(path, message));
  if (faults.length + repeated.length > 0) throw refusal(source, [...faults, ...repeated]);
  return toPolicy(raw);
}

/** Faults that are told; the others are counted. */
const mostTold = 100;

function refusal(source: string, faults: readonly PolicyFault[]): PolicyError {
  const once = new Map(faults.map((fault) => [`${fault.line} ${fault.message}`, fault]));
  const sorted = [...once.values()].sort((a, b) => a.line - b.line);
  const left = sorted.length - mostTold;
  if (left <= 0) return new PolicyError(source, sorted);
  const more = { line: sorted[mostTold]!.line, message: `and ${left} more from here on` };
  return new PolicyError(source, [...sorted.slice(0, mostTold), more]);
}

function toPolicy(raw: RawPolicy): Policy {
  const everyone = Object.keys(raw.owners);
  const types = raw.commits.types.includes(raw.commits.criticalType)
    ? raw.commits.types
    : [...raw.commits.types, raw.commits.criticalType];
  return {
    ...raw,
    project: raw.project ?? null,
    files: raw.files.map((rule) => ({ ...rule, owners: rule.owners ?? everyone })),
    commits: { ...raw.commits, types, prefix: raw.commits.prefix ?? null },
    actors: raw.actors ?? null,
    build: raw.build ?? null,
    staged: raw.staged ?? null,
    deploy: Object.fromEntries(Object.entries(raw.deploy).map(([name, place]) => [name, toEnvironment(place)])),
    settings: raw.settings.map((setting) => ({
      ...setting,
      file: setting.file ?? null,
      files: setting.files ?? null,
      at: setting.at ?? null,
      pattern: setting.pattern ?? null,
    })),
    backups: Object.fromEntries(
      Object.entries(raw.backups).map(([name, one]) => [
        name,
        {
          ...one,
          database: one.database ?? null,
          identity: one.identity ?? null,
          restoreInto: one.restoreInto ?? null,
          sign: one.sign ?? null,
          trigger: one.trigger ?? null,
        },
      ]),
    ),
    databases: Object.fromEntries(Object.entries(raw.databases).map(([name, one]) => [name, toDatabase(one)])),
  };
}

/** What is not asked for becomes null, so that a cached policy reads as a parsed one. */
export function toEnvironment(raw: RawEnvironment): DeployEnvironment {
  const { environment, rollback } = raw;
  const pinned = Object.entries(environment?.pinned ?? {}).map(([name, pin]) => [
    name,
    {
      reason: pin.reason,
      fingerprint: pin.fingerprint ?? null,
      rotated: pin.rotated ?? null,
      maxAge: pin.maxAge ?? null,
      versions: pin.versions ?? null,
    },
  ]);
  return {
    ...raw,
    branch: raw.branch ?? null,
    window: raw.window ?? null,
    commands: { test: raw.commands.test ?? null, build: raw.commands.build ?? null },
    coverage: raw.coverage ?? null,
    environment: environment
      ? { ...environment, file: environment.file ?? null, pinned: Object.fromEntries(pinned) }
      : null,
    health: raw.health.map((endpoint) => ({ ...endpoint, commit: endpoint.commit ?? null })),
    disk: raw.disk ?? null,
    backups: raw.backups ?? null,
    'pending-migrations': raw['pending-migrations'] ?? null,
    rollback: rollback ? { document: rollback.document ?? null, tag: rollback.tag ?? null } : null,
    ...toShip(raw),
  };
}

function toShip(raw: RawEnvironment): Ship {
  return {
    run: raw.run ?? null,
    undo: raw.undo?.command === 'release' ? 'release' : (raw.undo ?? null),
    undoCheck: raw.undoCheck ?? null,
    undoMigrations: raw.undoMigrations,
    stop: raw.stop ?? null,
    start: raw.start ?? null,
    backup: raw.backup ?? null,
    release: raw.release ?? null,
    live: raw.live ?? null,
    watch: raw.watch,
    process: raw.process ?? null,
  };
}

function toDatabase(raw: RawDatabase): DatabaseEnvironment {
  const roles = Object.entries(raw.roles).map(([name, { may, login }]) => [
    name,
    { may: readMay(may)!, login: login ?? null },
  ]);
  return {
    ...raw,
    reader: raw.reader ?? null,
    admin: raw.admin ?? null,
    envFile: raw.envFile ?? null,
    schemas: raw.schemas ?? null,
    roles: Object.fromEntries(roles),
    name: raw.name ?? null,
    copyOf: raw.copyOf ?? null,
    reseed: raw.reseed ? { from: raw.reseed.from, plain: raw.reseed.plain ?? null } : null,
  };
}

/** Walks the YAML nodes along the schema, so that every fault has its line. */
class Reader {
  #lineOf = new Map<string, number>();

  constructor(
    readonly lines: LineCounter,
    readonly faults: PolicyFault[],
  ) {}

  read(node: Node | null, schema: Schema, path: string): unknown {
    this.#lineOf.set(path, this.#line(node));
    switch (schema.kind) {
      case 'object':
        return this.#object(node, schema.fields, path);
      case 'brief':
        return this.#brief(node, schema, path);
      case 'map':
        return this.#map(node, schema, path);
      case 'list':
        return this.#list(node, schema, path);
      case 'any':
        return node === null ? null : node.toJSON();
      default:
        return this.#scalar(node, schema, path);
    }
  }

  /** Records a fault at the line that a part of the file stands on. */
  tell(path: string, message: string): void {
    this.faults.push({ line: this.#lineOf.get(path) ?? 1, message: `${path}: ${message}` });
  }

  #object(node: Node | null, fields: Readonly<Record<string, Field>>, path: string): unknown {
    const empty = node === null || (isScalar(node) && node.value === null);
    const required = Object.values(fields).some((field) => field.required);
    if (!isMap(node) && !(empty && !required)) return this.#expected(node, path, 'a map');
    const result: Record<string, unknown> = {};
    const known = Object.keys(fields);
    for (const pair of isMap(node) ? node.items : []) {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (!field)
        this.#fault(
          pair.key as Node,
          join(path, name),
          `there is no such key${didYouMean(name, known) || `; known: ${known.join(', ')}`}`,
        );
      else set(result, name, this.read(pair.value as Node | null, field.schema, join(path, name)));
    }
    for (const [name, field] of Object.entries(fields)) {
      if (Object.hasOwn(result, name)) continue;
      if (field.required) this.#fault(node, join(path, name), `is missing, expected ${typeName(field.schema)}`);
      else if (field.default !== undefined) set(result, name, this.#default(field));
    }
    return result;
  }

  #brief(node: Node | null, { key, fields }: Schema & { kind: 'brief' }, path: string): unknown {
    if (!isScalar(node) || node.value === null) return this.#object(node, fields, path);
    const value = this.read(node, fields[key]!.schema, path);
    const others = Object.entries(fields).filter(([name, field]) => name !== key && field.default !== undefined);
    return { [key]: value, ...Object.fromEntries(others.map(([name, field]) => [name, this.#default(field)])) };
  }

  /** Defaults pass through the same reader, so that `{}` gets the defaults of its own keys. */
  #default(field: Field): unknown {
    const document = parseDocument(JSON.stringify(field.default));
    return new Reader(new LineCounter(), []).read(document.contents as Node, field.schema, '');
  }

  #map(node: Node | null, schema: Schema & { kind: 'map' }, path: string): unknown {
    const result: Record<string, unknown> = {};
    if (node === null || (isScalar(node) && node.value === null)) return result;
    if (!isMap(node)) return this.#expected(node, path, 'a map');
    for (const pair of node.items) {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const place = join(path, name);
      if (!schema.key.test(name))
        this.#fault(pair.key as Node, place, `got '${name}' as a name, expected ${schema.keyExpected}`);
      else if (name === '__proto__') this.#fault(pair.key as Node, place, 'is not a usable name');
      else {
        const known = Object.hasOwn(schema.known, name) ? schema.known[name] : undefined;
        set(result, name, this.read(pair.value as Node | null, known ?? schema.of, place));
      }
    }
    return result;
  }

  #list(node: Node | null, schema: Schema & { kind: 'list' }, path: string): unknown {
    if (!isSeq(node)) return this.#expected(node, path, 'a list');
    if (node.items.length < schema.min) return this.#fault(node, path, 'is an empty list');
    return node.items.map((item, index) => this.read(item as Node | null, schema.of, `${path}[${index}]`));
  }

  #scalar(node: Node | null, schema: Schema, path: string): unknown {
    const value = isScalar(node) ? node.value : undefined;
    if (schema.kind === 'choice') {
      if (schema.of.includes(value as string)) return value;
      const options = schema.of.map(String);
      return this.#fault(
        node,
        path,
        `got ${shown(node)}, expected ${typeName(schema)}${didYouMean(String(value), options)}`,
      );
    }
    if (schema.kind === 'integer' || schema.kind === 'number') {
      const isNumber = schema.kind === 'integer' ? Number.isInteger(value) : Number.isFinite(value);
      const fits = isNumber && (value as number) >= schema.min && (value as number) <= schema.max;
      return fits ? value : this.#expected(node, path, typeName(schema));
    }
    if (typeof value !== 'string') return this.#expected(node, path, typeName(schema));
    if (/[\0-\x08\x0b-\x1f\x7f]/.test(value)) return this.#fault(node, path, 'holds a control character');
    if (schema.kind === 'duration') return parseDuration(value) ?? this.#expected(node, path, typeName(schema));
    if (schema.kind === 'form') return schema.read(value) ?? this.#expected(node, path, typeName(schema));
    if (schema.kind === 'key') return this.#key(node, value, path);
    if (schema.kind === 'pattern') {
      const fault = patternFault(value);
      return fault ? this.#fault(node, path, `'${shortened(value, 200)}' ${fault}`) : value;
    }
    if (schema.kind === 'text' && schema.pattern && !schema.pattern.test(value))
      return this.#expected(node, path, schema.expected);
    if (schema.kind === 'text' && !schema.pattern && schema.expected !== 'a sentence' && value.trim() === '')
      return this.#fault(node, path, `is empty, expected ${schema.expected}`);
    return value;
  }

  #key(node: Node | null, value: string, path: string): OwnerKey | undefined {
    const key = parsePublicKey(value);
    if (typeof key !== 'string') return key;
    this.#fault(node, path, key);
    return undefined;
  }

  #expected(node: Node | null, path: string, expected: string): undefined {
    this.#fault(node, path, `got ${shown(node)}, expected ${expected}`);
  }

  #fault(node: Node | null | undefined, path: string, message: string): undefined {
    this.faults.push({ line: this.#line(node), message: path === '' ? message : `${path}: ${message}` });
  }

  #line(node: Node | null | undefined): number {
    return node?.range ? this.lines.linePos(node.range[0]).line || 1 : 1;
  }
}

function set(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function shown(node: Node | null): string {
  if (node === null) return 'nothing';
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  const value = isScalar(node) ? node.value : node;
  return typeof value === 'string' ? `'${shortened(value, 80)}'` : String(value);
}
