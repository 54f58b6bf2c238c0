/** What checks may see of backups: facts that were found out. */

/** Backups of an environment of `backups:`, as they lie here. */
export interface BackupFacts {
  /** The newest one that is whole; null: there is none. */
  readonly newest: {
    readonly id: string;
    readonly createdAt: Date;
    /** What is wrong with its files; null: they are what was written. */
    readonly fault: string | null;
    /** Destinations of the policy that were not seen to hold it. */
    readonly missingAt: readonly string[];
  } | null;
  /** When a restore was proven last, of whichever; null: never. */
  readonly testedAt: Date | null;
}

/** What is known of backups. */
export interface Backups {
  /** @param name of the environment under `backups:` */
  facts(name: string): Promise<BackupFacts>;
}
