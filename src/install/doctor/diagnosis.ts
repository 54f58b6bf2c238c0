import type { Layout, Repository } from '../../git/repository.ts';
import type { LoadedPolicy, Problem } from '../../model/index.ts';
import type { HooksFolder } from '../folder.ts';

/** What is examined: this clone, on this machine. */
export interface Clone {
  readonly repository: Repository;
  readonly layout: Layout & { readonly topLevel: string };
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home: string;
  /** The name of the AI agent that runs this process, or null. */
  readonly agent: string | null;
  readonly signal: AbortSignal;
  /** Where the hooks are and should be. @throws UsageError when what is there cannot be kept running */
  hooks(): Promise<HooksFolder>;
  /** The policy that holds here; null: there is none. @throws UsageError when it is invalid */
  policy(): Promise<LoadedPolicy | null>;
  /** A file of the working tree or of the machine; null when there is none. */
  read(path: string): Promise<string | null>;
}

/** Something that is wrong, and how to mend it where that is safe. */
export interface Ailment extends Problem {
  readonly severity: 'error' | 'warning';
  readonly help: string;
  readonly mend?: () => Promise<void>;
}

/** One thing that is looked at. The page on troubleshooting is made from these. */
export interface Diagnosis {
  readonly id: string;
  /** The symptom, as somebody would look it up. */
  readonly symptom: string;
  readonly why: string;
  readonly fix: string;
  /** Does `--fix` mend it? */
  readonly mends: boolean;
  look(clone: Clone): Promise<readonly Ailment[]>;
}
