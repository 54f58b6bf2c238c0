import type { FingerprintKind, TableRule } from '../../model/index.ts';
import type { Engine } from '../target.ts';

/** What a database held at one moment: counts and sums, no row. The form of `baseline.json`. */
export interface Baseline {
  readonly version: 1;
  readonly id: string;
  readonly database: {
    readonly engine: Engine;
    readonly version: string;
    /** Of the server, and there of the database. */
    readonly identity: string;
    readonly name: string;
    /** Null: all but the system's. */
    readonly schemas: readonly string[] | null;
  };
  readonly at: string;
  /** `pg_current_snapshot()`; null: the engine has none. */
  readonly snapshot: string | null;
  /** Of the hashes, random for each baseline, so that nobody can prepare two rows that are one to it. */
  readonly seed: string;
  readonly schema: { readonly digest: string; readonly parts: Parts };
  readonly tables: readonly TablePrint[];
  /** The last value by name. */
  readonly sequences: Readonly<Record<string, string>>;
  readonly largeObjects: { readonly rows: string; readonly sum: string } | null;
  /** A digest by object: who may do what, who owns it, who is a member of whom. */
  readonly grants: Readonly<Record<string, string>>;
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/** By kind of object and by its name a digest of its definition. */
export type Parts = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface TablePrint {
  /** With its schema, as SQL writes it. */
  readonly name: string;
  readonly rule: TableRule;
  readonly kind: FingerprintKind;
  readonly rows: string;
  /** Null: contents were not summed. */
  readonly sum: string | null;
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
  /** Both, as SQL writes it. */
  readonly name: string;
}

/** How a fingerprint is taken. */
export interface Taking {
  readonly schemas: readonly string[] | null;
  readonly kind: FingerprintKind;
  rule(name: TableName): TableRule;
  /** What is wrong with the rules, given all tables, in sentences. */
  unknown(names: readonly TableName[]): readonly string[];
  readonly seed: string;
  /** What is compared is a copy from a dump, which holds six digits of a `float` of MySQL. */
  readonly asDumped?: boolean;
  /** Only rows that this snapshot saw, of tables with the rule `append`; null: all rows. */
  readonly seenBy: string | null;
  /** Tables done, of how many. */
  progress(done: number, of: number, rows: bigint): void;
}
