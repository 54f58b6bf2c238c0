import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BytePath, type Oid, type State, type Step, UsageError } from '../model/index.ts';
import type { GitContent } from './batch.ts';
import { gitEnvironment, type Keep } from './environment.ts';
import { missing } from './missing.ts';
import { ObjectReader } from './objects.ts';
import { plainAnswer } from './plain-files.ts';
import { diffIndex, type EarlyRuns, lookAround, rawArguments } from './process.ts';
import { parseRaw } from './raw.ts';
import { failure, firstLine, Runs } from './runs.ts';
import { parseTree, type TreeEntry } from './tree.ts';

/** Where things lie on disk; all absolute. */
export interface Layout {
  readonly gitDir: string;
  /** Shared by all linked worktrees. */
  readonly commonDir: string;
  /** Null in a bare repository. */
  readonly topLevel: string | null;
}

const oidForm = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const maxTree = 64 << 20;

/** What Git knows of a repository. */
export class Repository extends Runs {
  readonly objects: ObjectReader;
  #layout: Promise<Layout> | undefined;

  /**
   * @param cwd a directory inside the repository
   * @param outer the environment the process was started with
   * @param keep which of Git's variables the gate needs
   * @param early runs that were started already, in the same folder and environment
   */
  constructor(cwd: string, outer: NodeJS.ProcessEnv, keep: Keep, early: EarlyRuns = new Map()) {
    super(cwd, gitEnvironment(outer, keep), early);
    this.objects = new ObjectReader(cwd, this.env);
  }

  close(): void {
    this.objects.close();
  }

  layout(): Promise<Layout> {
    this.#layout ??= this.#readLayout();
    return this.#layout;
  }

  /** The id of the empty tree, which depends on the hash of the repository. */
  emptyTree(): Promise<Oid> {
    this.#emptyTree ??= this.text(['hash-object', '-t', 'tree', '--stdin'], { input: '' });
    return this.#emptyTree;
  }
  #emptyTree: Promise<Oid> | undefined;

  /** The steps between two trees or commits (null: the empty tree). */
  async diff(from: Oid | null, to: Oid | null): Promise<Step[]> {
    const [a, b] = [from ?? (await this.emptyTree()), to ?? (await this.emptyTree())];
    const { stdout } = await this.run(['diff-tree', '-r', ...rawArguments, a, b, '--']);
    return parseRaw(stdout);
  }

  /** The steps from a commit (null: nothing) to the index that `GIT_INDEX_FILE` or the worktree names. */
  async diffIndex(from: Oid | 'HEAD' | null): Promise<Step[]> {
    const base = from ?? (await this.emptyTree());
    const args = diffIndex(base);
    // HEAD is not waited for; where it turns out to be unborn, Git could not compare.
    const { code, stdout, stderr } = await this.tell(args);
    if (code === 0) return parseRaw(stdout);
    if (from === 'HEAD' && (await this.head()).commit === null) return this.diffIndex(null);
    throw failure(args, code, stderr);
  }

  /** Paths whose files differ from the index. */
  async unstaged(): Promise<BytePath[]> {
    const { stdout } = await this.run(['diff-files', ...rawArguments]);
    return parseRaw(stdout).map(({ path }) => path);
  }

  /** Entries of a tree, not its subtrees; null when the name leads to no tree. */
  async tree(name: string): Promise<{ oid: Oid; entries: TreeEntry[] } | null> {
    const object = await this.objects.read(name, maxTree);
    if (object?.type !== 'tree') return null;
    return { oid: object.oid, entries: parseTree(object.content, object.oid.length / 2) };
  }

  /** Entries at the top of HEAD; null where HEAD is unborn. @throws Undecided when an object is missing */
  async headEntries(): Promise<TreeEntry[] | null> {
    const { commit } = await this.head();
    if (commit === null) return null;
    const tree = await this.tree(`${commit}^{tree}`);
    if (tree === null) throw missing(`${commit}^{tree}`);
    return tree.entries;
  }

  /**
   * What stands at a path in a commit or tree, found by walking tree objects, so that any byte may be in the path.
   * Null when nothing or a directory stands there. @throws Undecided when an object is missing
   */
  async stateAt(commit: Oid, path: BytePath): Promise<State | null> {
    let name = `${commit}^{tree}`;
    const parts = path.split('/');
    for (const [depth, part] of parts.entries()) {
      this.#trees.set(name, this.#trees.get(name) ?? this.tree(name));
      const tree = await this.#trees.get(name);
      if (!tree) throw missing(name);
      const entry = tree.entries.find((candidate) => candidate.name === part);
      if (!entry) return null;
      const isTree = entry.mode === '040000';
      if (depth === parts.length - 1) return isTree ? null : { mode: entry.mode, oid: entry.oid };
      if (!isTree) return null;
      name = entry.oid;
    }
    return null;
  }
  readonly #trees = new Map<string, ReturnType<Repository['tree']>>();

  /** Is `ancestor` reachable from `commit`? @throws Undecided when one of them is missing. */
  async isAncestor(ancestor: Oid, commit: Oid): Promise<boolean> {
    if (await this.#isNear(ancestor, commit)) return true;
    return (await this.run(['merge-base', '--is-ancestor', ancestor, commit], { codes: [0, 1] })).code === 0;
  }

  /** The same among the first commits of the first-parent line: most pushes are that short, and a process costs more. */
  async #isNear(ancestor: Oid, commit: Oid): Promise<boolean> {
    let at: Oid | undefined = commit;
    for (let steps = 0; at !== undefined && steps < 8; steps++) {
      if (at === ancestor) return true;
      const object: GitContent | null = await this.objects.read(at, maxTree);
      if (object?.type !== 'commit') return false;
      at = /^tree .+\nparent ([0-9a-f]+)\n/.exec(object.content.toString('latin1', 0, 256))?.[1];
    }
    return false;
  }

  /** The best common ancestor, or null for unrelated histories. */
  mergeBase(a: Oid, b: Oid): Promise<Oid | null> {
    const key = `${a} ${b}`;
    const known = this.#mergeBases.get(key);
    if (known) return known;
    const found = this.run(['merge-base', a, b], { codes: [0, 1] }).then(({ code, stdout }) =>
      code === 0 ? stdout.toString().trim() : null,
    );
    this.#mergeBases.set(key, found);
    return found;
  }
  readonly #mergeBases = new Map<string, Promise<Oid | null>>();

  /** The commit behind an object, through tags; null when it leads to none, or is not here. */
  async commit(name: string): Promise<Oid | null> {
    const info = await this.objects.info(`${name}^{commit}`);
    return info?.type === 'commit' ? info.oid : null;
  }

  /** @see https://git-scm.com/docs/gitrepository-layout#Documentation/gitrepository-layout.txt-shallow */
  async isShallow(): Promise<boolean> {
    return existsSync(join((await this.layout()).commonDir, 'shallow'));
  }

  /**
   * Resolves what a person typed.
   * @throws UsageError when it names nothing, or more than one of a branch, a tag and a remote's branch
   */
  async revision(typed: string): Promise<Oid> {
    if (typed.startsWith('-') || /[\0\n]/.test(typed)) throw new UsageError(`'${typed}' is not a revision`);
    const name = /^[^~^:@]+/.exec(typed)?.[0] ?? typed;
    const full = ['refs/heads/', 'refs/tags/', 'refs/remotes/'].map((prefix) => prefix + name);
    const found = (await this.text(['for-each-ref', '--format=%(refname)', ...full]))
      .split('\n')
      .filter((ref) => full.includes(ref));
    if (found.length > 1)
      throw new UsageError(`'${typed}' means more than one thing: ${found.join(', ')}`, 'write the full name');
    const { code, stdout } = await this.run(['rev-parse', '--verify', '--quiet', `${typed}^{commit}`], {
      codes: [0, 1, 128],
    });
    if (code !== 0) throw new UsageError(`no commit is called '${typed}' here`, 'git fetch, or check the name');
    return stdout.toString().trim();
  }

  /** Where HEAD is: its commit (null: unborn) and the full name of its branch (null: detached). */
  async head(): Promise<{ commit: Oid | null; branch: string | null }> {
    const { lines, code } = await this.#lookAround();
    const [commit, branch] = lines.slice(4);
    // A branch called HEAD is what Git finds where HEAD itself is broken; that is for symbolic-ref to tell apart.
    const plain = branch === 'HEAD' || (branch?.startsWith('refs/heads/') && branch !== 'refs/heads/HEAD');
    if (code === 0 && oidForm.test(commit ?? '') && plain)
      return { commit: commit!, branch: branch === 'HEAD' ? null : branch! };
    const symbolic = await this.run(['symbolic-ref', '--quiet', 'HEAD'], { codes: [0, 1] });
    return {
      commit: await this.commit('HEAD'),
      branch: symbolic.code === 0 ? symbolic.stdout.toString().trim() : null,
    };
  }

  async #readLayout(): Promise<Layout> {
    const { lines, stderr } = await this.#lookAround();
    const [bare, gitDir, commonDir, topLevel] = lines;
    if (!gitDir || !commonDir) {
      // Git words it by where it stopped looking.
      const isOutside = stderr === '' || stderr.startsWith('fatal: not a git repository (or any ');
      throw new UsageError(
        isOutside ? 'this is not a Git repository' : firstLine(stderr),
        'run it inside a Git repository',
      );
    }
    if (bare !== 'true' && !topLevel) throw failure(['rev-parse'], 128, stderr);
    return { gitDir, commonDir: resolve(this.cwd, commonDir), topLevel: bare === 'true' ? null : topLevel! };
  }

  #lookAround() {
    this.#around ??= this.#askAround();
    return this.#around;
  }
  #around: Promise<{ code: number; stderr: string; lines: string[] }> | undefined;

  async #askAround(): Promise<{ code: number; stderr: string; lines: string[] }> {
    const plain = plainAnswer(this.cwd, this.env);
    const { code, stdout, stderr } =
      plain === null ? await this.tell(lookAround) : { code: 0, stdout: plain, stderr: '' };
    return { code, stderr, lines: stdout.toString().split('\n') };
  }
}
