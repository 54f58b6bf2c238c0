import type { Oid } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { listRefs } from './process.ts';
import type { Repository } from './repository.ts';

/** What is known of the other side: of a remote by its tracking refs, of a server by its own refs. */
export interface OtherSide {
  /** Name of the remote; null when there is none, or on the server itself. */
  readonly remote: string | null;
  /** Branches by short name. */
  readonly branches: ReadonlyMap<string, Oid>;
  /** Symbolic refs of a server by full name, each with the ref that a push to it moves. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Where the other side's HEAD points, as a short name; null when that is not known. */
  readonly head: string | null;
}

/**
 * What the remote-tracking refs say of a remote.
 * @param named a remote's name or URL; undefined: `origin`, else the only one
 */
export async function remoteSide(repository: Repository, named?: string): Promise<OtherSide> {
  const refs = await readRefs(repository, 'refs/remotes/');
  const fetched = (remote: string | null) =>
    remote !== null && refs.some(({ name }) => name.startsWith(`refs/remotes/${remote}/`));
  let remote: string | null = named ?? 'origin';
  if (!fetched(remote)) {
    const remotes = await readRemotes(repository);
    const picked = pickRemote(remotes, named);
    // A remote that was never fetched says nothing; then what is known of the usual one is as near as it gets.
    remote = fetched(picked) ? picked : (['origin', ...remotes.keys()].find(fetched) ?? picked);
  }
  if (remote === null) return { remote, branches: new Map(), head: null };
  const prefix = `refs/remotes/${remote}/`;
  const branches = new Map<string, Oid>();
  let head: string | null = null;
  for (const { name, oid, symref } of refs) {
    if (!name.startsWith(prefix)) continue;
    const short = name.slice(prefix.length);
    if (short !== 'HEAD') branches.set(short, oid);
    else if (symref.startsWith(prefix)) head = symref.slice(prefix.length);
  }
  return { remote, branches, head };
}

/** What a server holds itself, seen from one of its own hooks. */
export async function ownSide(repository: Repository): Promise<OtherSide> {
  const [side, head] = await Promise.all([ownBranches(repository), symbolicHead(repository)]);
  return { ...side, head: head?.startsWith('refs/heads/') ? head.slice('refs/heads/'.length) : null };
}

/** The same without HEAD, which in a clone names the branch that somebody works on. */
export async function ownBranches(repository: Repository): Promise<OtherSide> {
  const refs = await readRefs(repository, 'refs/heads/');
  return {
    remote: null,
    branches: new Map(refs.map(({ name, oid }) => [name.slice('refs/heads/'.length), oid])),
    aliases: new Map(refs.filter(({ symref }) => symref !== '').map(({ name, symref }) => [name, symref])),
    head: null,
  };
}

/** The full name of the branch HEAD is on, unborn branches included; null when detached. */
export async function symbolicHead(repository: Repository): Promise<string | null> {
  const { code, stdout } = await repository.run(['symbolic-ref', '--quiet', 'HEAD'], { codes: [0, 1] });
  return code === 0 ? stdout.toString().trim() : null;
}

async function readRefs(repository: Repository, prefix: string): Promise<{ name: string; oid: Oid; symref: string }[]> {
  const lines = (await repository.ask(listRefs(prefix)))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const [name, oid, symref] = line.split('\0') as [string, string, string];
    return { name, oid, symref };
  });
}

/** Remotes by name, each with its URLs. */
async function readRemotes(repository: Repository): Promise<Map<string, string[]>> {
  const remotes = new Map<string, string[]>();
  for (const { key, value } of await repository.configuration()) {
    const [, name] = /^remote\.(.+)\.(?:url|pushurl|fetch)$/s.exec(key) ?? [];
    if (name !== undefined) remotes.set(name, [...(remotes.get(name) ?? []), value]);
  }
  return remotes;
}

/** The remotes that lead to where a push goes: the one that it names, by its name or URL, and any with a URL of that one. */
export async function remotesAt(repository: Repository, named: string): Promise<ReadonlySet<string>> {
  const remotes = await readRemotes(repository);
  const picked = pickRemote(remotes, named);
  if (picked === null) return new Set();
  const urls = (name: string) => remotes.get(name)!.filter((value) => !/^\+?refs\//.test(value));
  const same = [...remotes.keys()].filter((name) => urls(name).some((url) => urls(picked).includes(url)));
  return new Set([picked, ...same]);
}

/** The remotes that a push names, by name or URL; none: it goes to a URL that no remote has. */
export async function remotesNamed(repository: Repository, named: string): Promise<ReadonlySet<string>> {
  const remotes = await readRemotes(repository);
  return new Set([...remotes].filter(([name, urls]) => name === named || urls.includes(named)).map(([name]) => name));
}

/** The URL that a remote is fetched from, as Git hands it to a hook; null where it has none. */
export async function fetchedFrom(repository: Repository, remote: string): Promise<string | null> {
  const { code, stdout } = await repository.tell(['remote', 'get-url', '--', remote]);
  return code === 0 ? stdout.toString('utf8').trimEnd() : null;
}

/** How to learn which branch of a remote is its default one, in a clone that fetches all of its branches or only some. */
export async function learnDefault(repository: Repository, remote: string): Promise<string> {
  const fetched = await repository.configuredAll(`remote.${remote}.fetch`);
  const name = shellWord(remote);
  const all = fetched.some(({ value }) => /^\+?refs\/heads\/\*:/.test(value));
  const first = all ? '' : `git remote set-branches ${name} '*' && git fetch ${name} && `;
  return `${first}git remote set-head ${name} --auto`;
}

function pickRemote(remotes: ReadonlyMap<string, string[]>, named?: string): string | null {
  if (named !== undefined && remotes.has(named)) return named;
  if (named !== undefined) for (const [name, urls] of remotes) if (urls.includes(named)) return name;
  if (remotes.has('origin')) return 'origin';
  return remotes.size === 1 ? [...remotes.keys()][0]! : null;
}
