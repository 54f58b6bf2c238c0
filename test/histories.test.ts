import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign as signBytes } from 'node:crypto';
import { is } from 'uvu/assert';
import { namespace } from '../src/approvals/ssh-signature.ts';
import {
  approvalsFolder,
  type SignedState,
  type SignedStep,
  writeApproval,
  writePayload,
} from '../src/approvals/statement.ts';
import { landedChecks } from '../src/checks/landed-checks.ts';
import { protectedFiles } from '../src/checks/protected-files.ts';
import { contextOf, sharedContext } from '../src/context/index.ts';
import { Repository } from '../src/git/repository.ts';
import type { Deployment } from '../src/model/index.ts';
import { loadPolicyAt } from '../src/policy/load.ts';
import { landedChange } from '../src/sources/landed.ts';
import { seeded } from './support/secret-corpus.ts';
import { suite } from './support/suite.ts';
import { environment, newRepo, run } from './support/world.ts';

/**
 * Random histories, judged twice: by an independent model that was written from the design (§2, §4), and by the checks.
 * What ci lets land, predeploy lets pass; what was forced past it, predeploy names. HISTORIES=n and SEED=n try more.
 */
const test = suite('histories');

const project = '0123456789abcdef0123456789abcdef';
const paths = ['server/a', 'server/b', 'server/c'] as const;
type Path = (typeof paths)[number];

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
  readonly blob: Buffer;
}
const text = (value: Buffer | string) => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
function signer(name: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { name, key: privateKey, blob: Buffer.concat([text('ssh-ed25519'), text(raw)]) };
}
const [lead, second, stranger] = [signer('lead'), signer('second'), { ...signer('lead') }];
const policy = `version: 1
project: "${project}"
owners:
  lead: { keys: ["ssh-ed25519 ${lead.blob.toString('base64')} a"] }
  second: { keys: ["ssh-ed25519 ${second.blob.toString('base64')} b"] }
branches: { main: {} }
files:
  - { paths: [server/a, server/b], risk: high }
  - { paths: [server/c], risk: high, required: 2 }
`;
const required: Record<Path, number> = { 'server/a': 1, 'server/b': 1, 'server/c': 2 };

/** The model: what a commit holds is a letter for each path, and names of approvals. */
interface Node {
  readonly id: number;
  readonly parents: readonly Node[];
  readonly files: Readonly<Record<Path, string>>;
  readonly held: ReadonlySet<string>;
}
interface Approval {
  readonly name: string;
  readonly by: string;
  readonly valid: boolean;
  readonly forged: boolean;
  readonly steps: readonly { path: Path; from: string; to: string }[];
  readonly content: Buffer;
}

const stateOf = (letter: string): SignedState | null => {
  if (letter === '-') return null;
  const content = Buffer.from(`${letter}\n`);
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  return { mode: '100644', oid, sha256: createHash('sha256').update(content).digest('hex') };
};

function approvalOf(who: Signer, steps: Approval['steps'], target: string, issuedAt: Date): Approval {
  const changes: SignedStep[] = steps.map(({ path, from, to }) => ({ path, from: stateOf(from), to: stateOf(to) }));
  const expiresAt = new Date(issuedAt.getTime() + 3_600_000);
  const statement = {
    project,
    targets: [target],
    approver: who.name,
    reason: 'r',
    issuedAt,
    expiresAt,
    nonce: randomBytes(16).toString('hex'),
    changes,
    upTo: null,
  };
  const payload = writePayload(statement);
  const hash = createHash('sha512').update(payload).digest();
  const form = [text(namespace), text(''), text('sha512')];
  const signature = signBytes(null, Buffer.concat([Buffer.from('SSHSIG'), ...form, text(hash)]), who.key);
  const blob = Buffer.concat([
    Buffer.from('SSHSIG\0\0\0\x01'),
    text(who.blob),
    ...form,
    text(Buffer.concat([text('ssh-ed25519'), text(signature)])),
  ]);
  const { name, content } = writeApproval(payload, statement, blob);
  return { name, by: who.name, valid: who !== stranger && target === 'main', forged: who === stranger, steps, content };
}

function behind(node: Node): Set<Node> {
  const seen = new Set<Node>();
  const open = [node];
  for (let at = open.pop(); at; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...at.parents);
  }
  return seen;
}

class Model {
  readonly approvals = new Map<string, Approval>();

  /** Design §4, "not spent". */
  isSpent(approval: Approval, base: Node): boolean {
    for (const node of behind(base)) {
      if (node.held.has(approval.name) && approval.steps.some(({ path, from }) => node.files[path] !== from))
        return true;
      if (!node.held.has(approval.name) && node.parents.some((parent) => parent.held.has(approval.name))) return true;
    }
    return false;
  }

  /** The paths that a push moves without approval: what ci has to refuse. */
  unapproved(base: Node, head: Node): Path[] {
    let counting = [...head.held]
      .map((name) => this.approvals.get(name)!)
      .filter((one) => one.valid && !this.isSpent(one, base));
    for (let before = -1; before !== counting.length; ) {
      before = counting.length;
      counting = counting.filter((one) =>
        one.steps.every(({ path, from, to }) => {
          const edges = edgesOf(counting, path);
          return reach(edges, base.files[path]).has(from) && reach(edges, to).has(head.files[path]);
        }),
      );
    }
    return paths.filter((path) => {
      if (base.files[path] === head.files[path]) return false;
      const edges = edgesOf(counting, path).filter(({ from, to }) => {
        const who = counting.filter((one) => one.steps.some((s) => s.path === path && s.from === from && s.to === to));
        return new Set(who.map(({ by }) => by)).size >= required[path];
      });
      return !reach(edges, base.files[path]).has(head.files[path]);
    });
  }
}
const edgesOf = (approvals: readonly Approval[], path: Path) =>
  approvals.flatMap(({ steps }) => steps.filter((s) => s.path === path));
function reach(edges: readonly { from: string; to: string }[], start: string): Set<string> {
  const seen = new Set([start]);
  for (let size = 0; size !== seen.size; ) {
    size = seen.size;
    for (const { from, to } of edges) if (seen.has(from)) seen.add(to);
  }
  return seen;
}

interface Push {
  readonly before: Node;
  readonly after: Node;
  readonly unapproved: readonly Path[];
}

/** One history: pushes of several commits, merges, squashes, foxtrots, approvals that fit and that do not. */
function history(random: () => number, nodes: Node[]): { model: Model; root: Node; pushes: Push[]; line: Node[] } {
  const model = new Model();
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const chance = (p: number) => random() < p;
  const add = (parents: readonly Node[], files: Node['files'], held: ReadonlySet<string>): Node => {
    const node = { id: nodes.length + 1, parents, files, held };
    nodes.push(node);
    return node;
  };
  const root = add([], { 'server/a': 'x', 'server/b': 'x', 'server/c': 'x' }, new Set());
  let tip = root;
  const line = [root];
  const pushes: Push[] = [];
  const old: Approval[] = [];
  const rounds = 3 + Math.floor(random() * 4);
  for (let round = 0; round < rounds; round++) {
    const from = chance(0.75) ? tip : pick(line);
    const way = pick(['forward', 'merge', 'merge', 'squash', 'foxtrot'] as const);
    const honest = chance(0.7);
    let at = from;
    const count = 1 + Math.floor(random() * 3);
    const wanted = { ...from.files };
    for (const path of paths) if (chance(0.35)) wanted[path] = pick(['x', 'y', 'z', '-']);
    const moved = paths.filter((path) => wanted[path] !== from.files[path]);
    const fresh: Approval[] = [];
    const when = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
    if (moved.length > 0 && (honest || chance(0.4)))
      for (const who of moved.includes('server/c') || chance(0.2) ? [lead, second] : [lead]) {
        const listed = honest ? moved : moved.filter(() => chance(0.7));
        const steps = listed.map((path) => ({ path, from: from.files[path], to: chance(0.95) ? wanted[path] : 'q' }));
        const all = chance(0.1)
          ? [...steps, ...paths.filter((p) => !listed.includes(p)).map((path) => ({ path, from: 'x', to: 'z' }))]
          : steps;
        const real = all.filter((step) => step.from !== step.to);
        if (real.length === 0) continue;
        fresh.push(approvalOf(chance(0.05) ? stranger : who, real, chance(0.95) ? 'main' : 'release', when));
      }
    if (old.length > 0 && chance(0.25)) fresh.push(pick(old));
    for (const one of fresh) model.approvals.set(one.name, one);
    const early = chance(0.3);
    for (let n = 0; n < count; n++) {
      const files = { ...at.files };
      for (const [index, path] of moved.entries())
        if (index % count === n || n === count - 1) files[path] = wanted[path];
      if (chance(0.1)) files[pick(paths)] = pick(['x', 'y', 'z']);
      if (n === count - 1 && honest) for (const path of moved) files[path] = wanted[path];
      const held = new Set(at.held);
      if (early ? n === 0 : n === count - 1) for (const one of fresh) held.add(one.name);
      if (held.size > 0 && chance(0.08)) held.delete(pick([...held]));
      at = add([at], files, held);
    }
    const merged = (ours: Node, theirs: Node) => {
      const files = { ...ours.files };
      for (const path of paths) if (theirs.files[path] !== from.files[path]) files[path] = theirs.files[path];
      const gone = [...from.held].filter((name) => !theirs.held.has(name));
      return { files, held: new Set([...ours.held, ...theirs.held].filter((name) => !gone.includes(name))) };
    };
    let after: Node;
    const { files, held } = merged(tip, at);
    if (way === 'squash') after = add([tip], files, held);
    else if (way === 'forward' && from === tip) after = at;
    else after = add(way === 'foxtrot' ? [at, tip] : [tip, at], files, held);
    const unapproved = model.unapproved(tip, after);
    const forged = [...after.held].some((name) => !tip.held.has(name) && model.approvals.get(name)!.forged);
    if ((unapproved.length > 0 || forged) && !chance(0.25)) continue;
    if (forged) continue;
    pushes.push({ before: tip, after, unapproved });
    for (const one of fresh) if (after.held.has(one.name)) old.push(one);
    tip = after;
    line.push(tip);
  }
  return { model, root, pushes, line };
}
/** Writes all commits at once; their ids by number. */
function write(dir: string, nodes: readonly Node[], models: ReadonlyMap<string, Approval>): Map<Node, string> {
  const parts: Buffer[] = [];
  const say = (line: string) => parts.push(Buffer.from(`${line}\n`));
  const data = (content: Buffer) => {
    say(`data ${content.length}`);
    parts.push(content, Buffer.from('\n'));
  };
  for (const node of nodes) {
    if (node.parents.length === 0) say(`reset refs/heads/h${node.id}`);
    say(`commit refs/heads/n${node.id}`);
    say(`mark :${node.id}`);
    say(`committer A <a@example.com> ${Math.floor(Date.now() / 1000) - 30} +0000`);
    data(Buffer.from('feat: x\n'));
    for (const [at, parent] of node.parents.entries()) say(`${at === 0 ? 'from' : 'merge'} :${parent.id}`);
    say('deleteall');
    say('M 100644 inline .protectionrc');
    data(Buffer.from(policy));
    for (const path of paths)
      if (node.files[path] !== '-') {
        say(`M 100644 inline ${path}`);
        data(Buffer.from(`${node.files[path]}\n`));
      }
    for (const name of node.held) {
      say(`M 100644 inline ${approvalsFolder}${name}`);
      data(models.get(name)!.content);
    }
  }
  const marks = run(dir, 'git', ['fast-import', '--quiet', '--export-marks=.git/marks', '--force'], {
    input: Buffer.concat(parts),
  });
  is(marks.code, 0, marks.out);
  const ids = new Map<string, string>();
  for (const line of run(dir, 'git', [
    '-c',
    'core.quotePath=off',
    'for-each-ref',
    '--format=%(refname) %(objectname)',
    'refs/heads/n*',
  ])
    .stdout.trim()
    .split('\n')) {
    const [ref, oid] = line.split(' ') as [string, string];
    ids.set(ref.slice('refs/heads/n'.length), oid);
  }
  return new Map(nodes.map((node) => [node, ids.get(String(node.id))!]));
}

/** The commits along the first parents, the oldest first. */
function lineOf(head: Node): Node[] {
  const line = [head];
  for (let at = head.parents[0]; at; at = at.parents[0]) line.unshift(at);
  return line;
}

/** Pushed in other portions ci would have let each step of the path land: from what landed nobody can tell in which it was. */
function couldHaveLanded(model: Model, line: readonly Node[], { before, after }: Push, path: Path): boolean {
  const [known, reached] = [behind(before), behind(after)];
  const places = line.map((_, place) => place);
  const steps = places.filter(
    (at) =>
      at > 0 && !known.has(line[at]!) && reached.has(line[at]!) && line[at]!.files[path] !== line[at - 1]!.files[path],
  );
  const passes = (from: Node, to: Node) =>
    from.files[path] !== to.files[path] && !model.unapproved(from, to).includes(path);
  return steps.every((at) =>
    places.some((from) => from < at && places.some((to) => to >= at && passes(line[from]!, line[to]!))),
  );
}

/** A history for a person: what each commit holds, and what approvals say. */
function story(model: Model, pushes: readonly Push[]): string {
  const known = new Set(pushes.flatMap(({ after }) => [...behind(after)]));
  const commits = [...known]
    .sort((a, b) => a.id - b.id)
    .map(({ id, parents, files, held }) => {
      const names = [...held].map((name) => name.slice(9, 13)).join();
      return `${id} <${parents.map((one) => one.id)}> ${Object.values(files).join('')} ${names}`;
    });
  const moves = pushes.map(({ before, after, unapproved }) => `${before.id}..${after.id} !${unapproved}`);
  const signed = [...model.approvals.values()].map(
    ({ name, by, valid, steps }) =>
      `${name.slice(9, 13)} ${by} ${valid} ${steps.map(({ path, from, to }) => `${path}:${from}>${to}`)}`,
  );
  return [...commits, ...moves, ...signed].join('\n');
}

test('random histories: one answer of the model, of ci and of predeploy', async () => {
  const amount = Number(process.env['HISTORIES'] ?? 300);
  const first = Number(process.env['SEED'] ?? 1);
  const nodes: Node[] = [];
  const all = new Map<string, Approval>();
  const made = Array.from({ length: amount }, (_, n) => {
    const one = history(seeded(first + n), nodes);
    for (const [name, approval] of one.model.approvals) all.set(name, approval);
    return { seed: first + n, ...one };
  });
  const repo = newRepo({ install: false });
  const ids = write(repo.dir, nodes, all);
  const repository = new Repository(repo.dir, environment(), 'location');
  const signal = new AbortController().signal;
  const world = { env: {}, now: new Date(), agent: null, commands: false, signal, userId: () => 1, progress: () => {} };
  let told = 0;
  try {
    for (const { seed, root, pushes, model } of made) {
      const loaded = (await loadPolicyAt(repository, ids.get(root)!, ids.get(root)!))!;
      for (const { before, after, unapproved } of pushes) {
        const change = await landedChange(repository, 'main', { base: ids.get(before)!, head: ids.get(after)! });
        const shared = sharedContext({ gate: 'ci', loaded, changes: [change] }, change, repository, world);
        const seen = contextOf(protectedFiles, shared, { options: undefined, signal });
        const found = await protectedFiles.run((seen as { context: never }).context);
        const refused = (found as unknown as { path?: string; severity?: string }[])
          .filter(({ severity }) => severity !== 'note')
          .map(({ path }) => path);
        is(
          [...new Set(refused)].sort().join(),
          [...unapproved].sort().join(),
          `seed ${seed}: ci of ${ids.get(before)}..${ids.get(after)} in ${repo.dir}`,
        );
      }
      const last = pushes.at(-1);
      if (!last) continue;
      const change = await landedChange(repository, 'main', { base: ids.get(root)!, head: ids.get(last.after)! });
      const deployment = { isProtected: true, standard: null } as unknown as Deployment;
      const shared = sharedContext(
        { gate: 'pre-deploy', loaded, changes: [change], deployment },
        change,
        repository,
        world,
      );
      const seen = contextOf(landedChecks, shared, { options: undefined, signal });
      const found = (await landedChecks.run((seen as { context: never }).context)) as unknown as {
        path?: string;
        severity?: string;
        message: string;
      }[];
      const errors = found.filter(({ severity = 'error' }) => severity === 'error');
      const where = `seed ${seed}: ${ids.get(root)}..${ids.get(last.after)} in ${repo.dir}: ${JSON.stringify(found)}\n${story(model, pushes)}`;
      const forced = pushes.filter(({ unapproved }) => unapproved.length > 0);
      if (forced.length === 0) is(errors.length, 0, `ci let all of it land: ${where}`);
      const line = lineOf(last.after);
      for (const push of pushes)
        for (const path of push.unapproved) {
          const named = found.some((problem) => problem.path === path);
          is(named || couldHaveLanded(model, line, push, path), true, `${path} was forced: ${where}`);
          told += named ? 1 : 0;
        }
    }
  } finally {
    repository.close();
  }
  is(told > amount / 20, true, 'and something was forced');
});

test.run();
