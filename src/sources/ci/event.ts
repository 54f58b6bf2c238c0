/** What a CI system, or the command line, says about the change to judge. */
export interface CiEvent {
  /** Which system said it, as people call it; null: the command line alone. */
  readonly system: string | null;
  /** `unknown`: a branch was built, and the system does not say whether it is proposed for another one. */
  readonly kind: 'proposal' | 'push' | 'unknown';
  /** Full name of the ref that was pushed or built. */
  readonly ref: string | null;
  /** Short name of the branch that is changed. */
  readonly target: string | null;
  /** A proposal: where to compare with, if not the target's tip. A push: what the ref held before; zeros: it is new. */
  readonly base: string | null;
  /** What a merge queue puts this entry on top of: the target, and the entries before it, which have not landed. */
  readonly builtOn: string | null;
  /** A tip of the target that the event names, which may be older than the tracking ref. */
  readonly baseSha: string | null;
  readonly head: string;
  /** Title of the pull or merge request; null where nobody told it. */
  readonly title: string | null;
  /** A merge queue has made the commits that land, messages included, so they are judged and not the title. */
  readonly queued: boolean;
  readonly defaultBranch: string | null;
  readonly help: CiHelp;
}

/** What helps on this system where something is missing. */
export interface CiHelp {
  /** How to get the whole history. */
  readonly depth: string;
  /** How to get the commit to judge. */
  readonly head?: string;
  /** How this system's own configuration writes the commit that was built before. */
  readonly before?: string;
}

/** One CI system: how to know it, and what its environment says. */
export interface System {
  readonly name: string;
  /** How to get the whole history there. */
  readonly depth: string;
  isHere(env: NodeJS.ProcessEnv): boolean;
  /** @throws UsageError naming the variable that is missing or not what it should be */
  read(env: NodeJS.ProcessEnv): CiEvent | Promise<CiEvent>;
  /** What it calls the default branch, whatever the event. */
  defaultBranch?(env: NodeJS.ProcessEnv): string | null;
}

/** What an event leaves unsaid. */
export const unsaid: Omit<CiEvent, 'system' | 'kind' | 'help'> = {
  ref: null,
  target: null,
  base: null,
  builtOn: null,
  baseSha: null,
  head: 'HEAD',
  title: null,
  queued: false,
  defaultBranch: null,
};

/** What the events of one system have in common. */
export type Common = Omit<CiEvent, 'kind'>;
