import type { Chances } from './chances.ts';
import { Model, type Node, type Verdict } from './model.ts';
import type { Approval } from './signed.ts';
import { commitId } from './written.ts';

/** What a history has besides commits, merges and approvals that fit or do not. */
export const knobs = [
  'plain',
  'policy',
  'absence',
  'afterwards',
  'word',
  'branches',
  'rebase',
  'squash',
  'criss-cross',
] as const;
export type Knob = (typeof knobs)[number];

/** A push that landed, or a proposal and what became of it. */
export interface Push {
  readonly branch: string;
  /** Null: the branch is new. */
  readonly before: Node | null;
  readonly after: Node;
  /** What the branches of the other side held before. */
  readonly tips: ReadonlyMap<string, Node>;
  readonly verdict: Verdict;
  /** Where the host makes the commits that land: what was proposed, and what ci has to say of that. */
  readonly proposed: { readonly head: Node; readonly verdict: Verdict } | null;
  /** Paths that an owner approved afterwards. */
  readonly mended: Set<string>;
}

export interface History {
  readonly knob: Knob;
  readonly model: Model;
  readonly root: Node;
  readonly pushes: readonly Push[];
  readonly tips: ReadonlyMap<string, Node>;
}

/** A history while it grows. */
export class Grown {
  readonly model = new Model();
  readonly pushes: Push[] = [];
  readonly tips = new Map<string, Node>();
  /** What each branch held, the oldest first. */
  readonly lines = new Map<string, Node[]>();
  /** Heads of topics, landed or not. */
  readonly sides: Node[] = [];
  /** Approvals that landed. */
  readonly old: Approval[] = [];
  readonly knob: Knob;
  readonly by: Chances;
  readonly #nodes: Node[];

  constructor(knob: Knob, by: Chances, nodes: Node[]) {
    [this.knob, this.by, this.#nodes] = [knob, by, nodes];
  }

  stand(branch: string, tip: Node): void {
    this.tips.set(branch, tip);
    this.lines.set(branch, [...(this.lines.get(branch) ?? []), tip]);
  }

  add(parents: readonly Node[], { files, held }: Pick<Node, 'files' | 'held'>): Node {
    const id = this.#nodes.length + 1;
    const node = { id, oid: commitId(id, parents, { files, held }, this.model.approvals), parents, files, held };
    this.#nodes.push(node);
    return node;
  }

  /** A push lands. */
  land(push: Omit<Push, 'tips' | 'mended' | 'proposed'> & Partial<Pick<Push, 'proposed'>>): void {
    this.pushes.push({ proposed: null, ...push, tips: new Map(this.tips), mended: new Set() });
    this.stand(push.branch, push.after);
  }
}
