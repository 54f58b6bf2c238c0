import { createHash } from 'node:crypto';
import { readPath, showPath } from '../git/raw.ts';
import type { BytePath, Oid, State, Step } from '../model/index.ts';
import { array, limits, line, matching, record, type SignedState, type SignedStep } from './statement.ts';
import { type Json, parseStrictJson } from './strict-json.ts';

/** What somebody asks an owner to approve, with everything needed to look at it. */
export interface ApprovalRequest {
  readonly project: string;
  readonly targets: readonly string[];
  readonly base: Oid | null;
  readonly changes: readonly Step[];
  /** Contents by object id; gitlinks have none. */
  readonly contents: ReadonlyMap<Oid, Buffer>;
}

/** The largest request, in bytes. */
export const maxRequest = 32 << 20;

/** Writes a request as JSON (docs/approvals.md). @throws RangeError when it would be larger than `maxRequest` */
export function writeRequest(request: ApprovalRequest): string {
  const state = (s: State | null) => s && { mode: s.mode, oid: s.oid };
  const json = JSON.stringify(
    {
      version: 1,
      project: request.project,
      targets: request.targets,
      base: request.base,
      changes: request.changes.map(({ path, from, to }) => ({
        path: showPath(path),
        from: state(from),
        to: state(to),
      })),
      contents: Object.fromEntries([...request.contents].map(([oid, content]) => [oid, content.toString('base64')])),
    },
    null,
    2,
  );
  if (json.length > maxRequest)
    throw new RangeError(`the request would be ${json.length} bytes, the limit is ${maxRequest}`);
  return `${json}\n`;
}

/**
 * Parses a request and rebuilds each object id from its content, so what an owner is shown is what they sign.
 * @throws SyntaxError or RangeError saying what is wrong
 */
export function parseRequest(bytes: Buffer): ApprovalRequest {
  if (bytes.length > maxRequest) throw new RangeError(`is ${bytes.length} bytes, the limit is ${maxRequest}`);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new SyntaxError('is not UTF-8');
  const raw = record(
    parseStrictJson(text),
    ['version', 'project', 'targets', 'base', 'changes', 'contents'],
    'the request',
  );
  if (raw.version !== 1) throw new SyntaxError('is of an unknown version');
  const changes = array(raw.changes, 'changes', 1, limits.steps).map(readStep);
  const contents = readContents(raw.contents);
  const needed = new Set(
    changes
      .flatMap(({ from, to }) => [from, to])
      .filter((state) => state !== null && state.mode !== '160000')
      .map((state) => state!.oid),
  );
  for (const oid of needed) if (!contents.has(oid)) throw new SyntaxError(`holds no content for object ${oid}`);
  if (contents.size !== needed.size) throw new SyntaxError('holds contents that no change names');
  if (new Set(changes.map(({ path }) => path)).size !== changes.length) throw new SyntaxError('lists a path twice');
  return {
    project: line(raw.project, 'project'),
    targets: array(raw.targets, 'targets', 1, 32).map((target) => line(target, 'a target')),
    base: raw.base === null ? null : matching(raw.base, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'base'),
    changes,
    contents,
  };
}

/** A state with the SHA-256 of its content, as it is signed. */
export function signedState(state: State | null, contents: ReadonlyMap<Oid, Buffer>): SignedState | null {
  if (state === null) return null;
  if (state.mode === '160000') return { ...state, sha256: '' };
  const content = contents.get(state.oid);
  if (!content) throw new RangeError(`no content for object ${state.oid}`);
  return { ...state, sha256: createHash('sha256').update(content).digest('hex') };
}

/** The steps of a request as they are signed. */
export function signedSteps({ changes, contents }: Pick<ApprovalRequest, 'changes' | 'contents'>): SignedStep[] {
  return changes.map(({ path, from, to }) => ({
    path,
    from: signedState(from, contents),
    to: signedState(to, contents),
  }));
}

function readContents(json: Json): Map<Oid, Buffer> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new SyntaxError('contents is not an object');
  const contents = new Map<Oid, Buffer>();
  for (const [oid, value] of Object.entries(json)) {
    const content = typeof value === 'string' ? Buffer.from(value, 'base64') : null;
    if (!content || content.toString('base64') !== value) throw new SyntaxError('a content is not base64');
    if (blobId(content, oid.length) !== oid)
      throw new SyntaxError(`the content for object ${oid.slice(0, 64)} has another id`);
    contents.set(oid, content);
  }
  return contents;
}

/** The id Git gives a blob. @see https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
function blobId(content: Buffer, digits: number): Oid {
  return createHash(digits === 64 ? 'sha256' : 'sha1')
    .update(`blob ${content.length}\0`)
    .update(content)
    .digest('hex');
}

function readStep(json: Json): { path: BytePath; from: State | null; to: State | null } {
  const raw = record(json, ['path', 'from', 'to'], 'a change');
  const path = readPath(line(raw.path, 'a path'));
  if (path === null) throw new SyntaxError('has a path in an unknown form');
  const [from, to] = [readPlainState(raw.from), readPlainState(raw.to)];
  if (from?.oid === to?.oid && from?.mode === to?.mode)
    throw new SyntaxError(`asks for no change of ${showPath(path)}`);
  return { path, from, to };
}

function readPlainState(json: Json): State | null {
  if (json === null) return null;
  const raw = record(json, ['mode', 'oid'], 'a state');
  return {
    mode: matching(raw.mode, /^(100644|100755|120000|160000)$/, 'mode'),
    oid: matching(raw.oid, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'oid'),
  };
}
