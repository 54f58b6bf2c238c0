import { approvalsFolder } from '../../src/approvals/statement.ts';
import type { Repo } from '../support/world.ts';
import { run } from '../support/world.ts';
import type { Node } from './model.ts';
import { type Approval, absent, committedAt, contentOf, gitId, type Path, policyPath } from './signed.ts';

/** How a commit of the model stands in Git: its id is known before it is written, so that a word on history can name it. */
const person = `A <a@example.com> ${committedAt} +0000`;
const subject = (id: number) => `feat: x${id}`;

export function commitId(
  id: number,
  parents: readonly Node[],
  { files, held }: Pick<Node, 'files' | 'held'>,
  approvals: ReadonlyMap<string, Approval>,
): string {
  const blobs = (entries: readonly (readonly [string, Buffer])[]) =>
    entries.map(([name, content]) => ({ name, mode: '100644', id: gitId('blob', content) }));
  const server = Object.keys(files).filter((path) => path !== policyPath && files[path as Path] !== absent);
  const folders = [
    {
      name: 'server',
      id: treeId(
        blobs(server.map((path) => [path.slice('server/'.length), contentOf(path as Path, files[path as Path])])),
      ),
      isEmpty: server.length === 0,
    },
    { name: '.protect', id: protectId(held, approvals), isEmpty: held.size === 0 },
  ];
  const root = [
    ...folders.filter(({ isEmpty }) => !isEmpty).map(({ name, id: oid }) => ({ name, mode: '40000', id: oid })),
    ...(files[policyPath] === absent ? [] : blobs([[policyPath, contentOf(policyPath, files[policyPath])]])),
  ];
  const lines = [
    `tree ${treeId(root)}`,
    ...parents.map(({ oid }) => `parent ${oid}`),
    `author ${person}`,
    `committer ${person}`,
    '',
    subject(id),
    '',
  ];
  return gitId('commit', Buffer.from(lines.join('\n')));
}

function protectId(held: ReadonlySet<string>, approvals: ReadonlyMap<string, Approval>): string {
  const files = [...held].map((name) => ({ name, mode: '100644', id: gitId('blob', approvals.get(name)!.content) }));
  return treeId([{ name: 'approvals', mode: '40000', id: treeId(files) }]);
}

function treeId(entries: readonly { name: string; mode: string; id: string }[]): string {
  // Git sorts a folder as if its name ended in a slash.
  const key = ({ name, mode }: { name: string; mode: string }) => (mode === '40000' ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const parts = sorted.flatMap(({ name, mode, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]);
  return gitId('tree', Buffer.concat(parts));
}

/** Writes all commits at once. @throws Error where Git gives one another id than the model does */
export function write(repo: Repo, nodes: readonly Node[], approvals: ReadonlyMap<string, Approval>): void {
  const parts: Buffer[] = [];
  const say = (line: string) => parts.push(Buffer.from(`${line}\n`));
  const data = (content: Buffer) => {
    say(`data ${content.length}`);
    parts.push(content, Buffer.from('\n'));
  };
  for (const { id, parents, files, held } of nodes) {
    if (parents.length === 0) say('reset refs/heads/all');
    say('commit refs/heads/all');
    say(`mark :${id}`);
    say(`committer ${person}`);
    data(Buffer.from(`${subject(id)}\n`));
    for (const [at, parent] of parents.entries()) say(`${at === 0 ? 'from' : 'merge'} :${parent.id}`);
    say('deleteall');
    for (const path of Object.keys(files) as Path[])
      if (files[path] !== absent) {
        say(`M 100644 inline ${path}`);
        data(contentOf(path, files[path]));
      }
    for (const name of held) {
      say(`M 100644 inline ${approvalsFolder}${name}`);
      data(approvals.get(name)!.content);
    }
  }
  const imported = run(repo.dir, 'git', ['fast-import', '--quiet', '--export-marks=.git/marks', '--force'], {
    input: Buffer.concat(parts),
  });
  if (imported.code !== 0) throw new Error(imported.out);
  const marks = new Map(
    repo
      .read('.git/marks')
      .trim()
      .split('\n')
      .map((line) => line.slice(1).split(' ') as [string, string]),
  );
  for (const { id, oid } of nodes)
    if (marks.get(String(id)) !== oid) throw new Error(`commit ${id} is ${marks.get(String(id))}, not ${oid}`);
}
