import { existsSync, statSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { runCommand } from '../machine/run.ts';
import { Undecided } from '../model/index.ts';
import { type Place, withSession } from './place.ts';
import type { Target } from './target.ts';

/** What brings the tools. */
export const install = 'apt-get install postgresql-client  # of the version of the server, or newer';

/**
 * The tool for a server: of those that `tools:` lists the one whose major version is the server's; without the list the one on PATH.
 * @throws Undecided when there is none
 */
export async function toolFor(place: Place, tool: string, target: Target): Promise<string> {
  const { tools } = place.policy;
  if (tools.length === 0) return onPath(place, tool);
  const server = await serverMajor(place, target);
  const found: string[] = [];
  for (const file of tools.flatMap((listed) => within(listed, tool))) {
    const major = await majorOf(place, file);
    if (major === server) return file;
    found.push(`${file} (${major ?? 'it does not say its version'})`);
  }
  throw new Undecided(
    `tools: lists no ${tool} of version ${server}, which the server has${found.length === 0 ? '' : `; it lists ${found.join(', ')}`}`,
    `apt-get install postgresql-client-${server}, and add its folder to tools: in the policy`,
  );
}

function onPath(place: Place, tool: string): string {
  const folders = (place.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const file = folders.map((folder) => join(folder, tool)).find(isFile);
  if (file === undefined) throw new Undecided(`${tool} is not installed here`, install);
  return file;
}

/** A folder with the tool, or the tool itself. */
function within(listed: string, tool: string): string[] {
  if (basename(listed) === tool && isFile(listed)) return [listed];
  const file = join(listed, tool);
  return isFile(file) ? [file] : [];
}

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

async function majorOf(place: Place, file: string): Promise<string | null> {
  const { exitCode, stdout } = await runCommand([file, '--version'], {
    cwd: '/',
    env: { PATH: place.env['PATH'], LC_ALL: 'C' },
    timeout: 30_000,
    signal: place.signal,
  });
  return (exitCode === 0 && /\s(\d+)[.\s]/.exec(stdout ?? '')?.[1]) || null;
}

/** The major version of a server. */
export async function serverMajor(place: Place, target: Target): Promise<string> {
  const [row] = await withSession(place, target, (session) =>
    session.query("select current_setting('server_version_num')::int / 10000 as major"),
  );
  return String(row!['major']);
}
