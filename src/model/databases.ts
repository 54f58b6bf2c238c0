/** What checks may see of databases: facts that were found out, and never a value of a variable. */

/** What is known of databases, asked once for all checks. */
export interface Databases {
  /** Of every pair of a disposable database and one that is not. */
  isolation(): Promise<readonly Isolation[]>;
  /** Of every role that the policy names. */
  roles(): Promise<readonly RoleFacts[]>;
  /** Of the users that read for dumps, and that create and rename databases. */
  rights(): Promise<readonly RightsFacts[]>;
  /** The run of this clone that has not ended well; null: none. */
  openRun(): Promise<OpenRun | null>;
}

/** How a disposable database and another one stand to each other. */
export interface Isolation {
  /** The names of the environments. */
  readonly disposable: string;
  readonly other: string;
  /** As they are shown: `engine://host:port/name`. */
  readonly shown: { readonly disposable: string; readonly other: string };
  /** `engine`: they are not even of one kind. */
  readonly relation: 'engine' | 'elsewhere' | 'same' | 'standby' | 'same server' | 'copy';
  /** Does the name of the disposable one fit the policy's? */
  readonly nameFits: boolean;
  /** Of the disposable one; `other`: it is of another database or project. `none here`: the engine has no place for it. */
  readonly marker: 'ours' | 'missing' | 'other' | 'none here';
  /** Does the other one bear a marker of a disposable one? */
  readonly otherMarked: boolean;
  readonly logins: readonly LoginTrial[];
  /** Foreign servers and subscriptions of the disposable one that lead to the other's host. */
  readonly links: readonly string[];
  /** Variables whose URL leads through a pooler. */
  readonly pooled: readonly string[];
  /** What could not be found out, in sentences. */
  readonly unproven: readonly string[];
}

/** Can the user of the disposable database log in to the other one? `same user`: it is not tried, the name is one. */
export interface LoginTrial {
  readonly user: string;
  readonly end: 'refused' | 'in' | 'same user';
}

/** What a role can do with rows besides what it may. */
export interface RoleFacts {
  readonly environment: string;
  /** As it is shown: `engine://host:port/name`. */
  readonly shown: string;
  readonly role: string;
  /** A role that it may be a misspelling of, where there is none of that name. */
  readonly missing: { readonly meant: string | null } | null;
  readonly ways: readonly Way[];
  /** Tables that it could delete from when it was tried by a plan, with no way above that explains it. */
  readonly unexplained: readonly string[];
  /** Who logs in by the URL that is said to be its own, where that is somebody else. */
  readonly loginIs: { readonly variable: string; readonly user: string } | null;
  /** What could not be found out, in sentences. */
  readonly unproven: readonly string[];
}

/** A way to destroy rows, and what ends it. */
export interface Way {
  readonly way: string;
  readonly object: string;
  /** One sentence: what can be done by it. */
  readonly means: string;
  /** SQL. */
  readonly end: string;
  /** It destroys nothing by itself. */
  readonly lesser?: true;
}

/** What a user of an environment lacks for what it is there for. */
export interface RightsFacts {
  readonly environment: string;
  readonly use: 'reader' | 'admin';
  readonly variable: string;
  /** Empty: its URL could not be read. */
  readonly user: string;
  /** As it is shown: `engine://host:port/name`. */
  readonly shown: string;
  readonly lacks: readonly LackingRight[];
}

/** A right that is not there. */
export interface LackingRight {
  /** What cannot be done, as it follows the user. */
  readonly what: string;
  /** The SQL that gives it; empty: there is none. */
  readonly end: string;
}

/** Where in the Git common directory a run that has not ended well is written down: a hook looks whether it is there. */
export const openRunFile = 'protect/data-run.json';

/** A run that has begun and not ended well. */
export interface OpenRun {
  readonly id: string;
  readonly state: 'open' | 'failed' | 'interrupted' | 'differs' | 'unverified';
  readonly startedAt: string;
  /** What it found, in sentences. */
  readonly differences: readonly string[];
}
