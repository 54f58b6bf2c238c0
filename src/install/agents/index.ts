import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../model/index.ts';
import { nearest } from '../../words/nearest.ts';
import { refuseLink } from '../folder.ts';
import type { PlannedFile } from '../plan.ts';
import type { Removal } from '../unwire.ts';
import { addVerify, removeVerify } from './aider.ts';
import { type HookFile, hookFiles, isOurs } from './hook-files.ts';
import { addElement, removeElement } from './json-file.ts';
import { addSection, removeSection } from './section.ts';
import { isWrapper } from './wrapper.ts';

/** Agents that ask nobody before a tool call: for them only the Git hooks, CI and the server hold. */
const withoutHook = ['amp', 'continue', 'zed'] as const;
const aiderFile = '.aider.conf.yml';
const adviceFile = 'AGENTS.md';

/** Names that `--agents` takes. */
export const agentNames: readonly string[] = [...hookFiles.map(({ host }) => host), 'aider', ...withoutHook];

/** What `init --agents` writes, what the policy should protect of it, and what the person has to know. */
export interface AgentPlan {
  readonly files: readonly PlannedFile[];
  readonly protects: readonly string[];
  readonly remarks: readonly string[];
}

/** Reads `claude,codex`. @throws UsageError for a name that is none */
export function readAgents(list: string): readonly string[] {
  const names = [
    ...new Set(
      list
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name !== ''),
    ),
  ];
  for (const name of names)
    if (!agentNames.includes(name)) {
      const meant = nearest(name, agentNames);
      throw new UsageError(
        `--agents names '${name}'${meant ? `; did you mean '${meant}'?` : ''}`,
        `it takes ${agentNames.join(', ')}`,
      );
    }
  if (names.length === 0) throw new UsageError('--agents names none', `it takes ${agentNames.join(', ')}`);
  return names;
}

/**
 * Plans the hook file of each agent, merged into what is there, ours last.
 * @param folder where the package is installed, from the top, `.` for it
 * @throws UsageError where a file is no JSON, or a link
 */
export async function planAgents(topLevel: string, names: readonly string[], folder: string): Promise<AgentPlan> {
  const files: PlannedFile[] = [];
  const remarks: string[] = [];
  const plan = async (path: string, executable: boolean, content: (present: string | null) => string) => {
    const present = await readPlain(topLevel, path);
    const wanted = content(present);
    if (wanted !== present)
      files.push({
        path,
        content: Buffer.from(wanted, 'latin1'),
        executable,
        state: present === null ? 'new' : 'changed',
      });
  };
  const wanted = hookFiles.filter(({ host }) => names.includes(host));
  for (const file of wanted) {
    await plan(file.path, file.executable, (present) => merged(file, present, folder));
    if (file.remark !== null) remarks.push(file.remark);
  }
  if (names.includes('aider')) await plan(aiderFile, false, addVerify);
  const hookless = withoutHook.filter((name) => names.includes(name));
  if (hookless.length > 0)
    remarks.push(
      `${hookless.join(', ')} can ask nobody before a tool call, so for ${hookless.length === 1 ? 'it' : 'them'} only the Git hooks, CI and the server hold`,
    );
  await plan(adviceFile, false, addSection);
  return {
    files,
    protects: [...wanted.map(({ path }) => `/${path}`), ...(names.includes('aider') ? [`/${aiderFile}`] : [])],
    remarks,
  };
}

function merged(file: HookFile, present: string | null, folder: string): string {
  if (file.kind === 'whole') {
    if (present !== null && !isWrapper(present))
      throw new UsageError(
        `${file.path} is there already and is not ours`,
        `call this from it, or move it away: ${file.path}`,
      );
    return Buffer.from(file.content(folder)).toString('latin1');
  }
  if (present === null) return freshText(file, folder);
  return file.insertions(folder).reduce((text, insertion) => addElement(text, file.path, insertion, isOurs), present);
}

/** The file where there was none. */
function fresh(file: HookFile, folder: string): unknown {
  return file
    .insertions(folder)
    .reduce<unknown>(
      (json, insertion) => JSON.parse(addElement(JSON.stringify(json), file.path, insertion, isOurs)),
      file.empty,
    );
}

const freshText = (file: HookFile, folder: string) => `${JSON.stringify(fresh(file, folder), null, 2)}\n`;

/** Every agent's file without what is ours in it. */
export async function planAgentRemoval(topLevel: string, folder: string): Promise<Removal[]> {
  const removals: Removal[] = [];
  const take = async (path: string, content: (present: string) => string | null) => {
    const present = await readPlain(topLevel, path);
    const rest = present === null ? null : content(present);
    if (present !== null && rest !== present) removals.push({ path, content: rest });
  };
  for (const file of hookFiles) await take(file.path, (present) => unmerged(file, present, folder));
  await take(aiderFile, removeVerify);
  await take(adviceFile, removeSection);
  return removals;
}

function unmerged(file: HookFile, present: string, folder: string): string | null {
  if (file.kind === 'whole') return isWrapper(present) ? null : present;
  if (!isWrapper(present)) return present;
  const insertions = file.insertions(folder);
  if (present === freshText(file, folder)) return null;
  return [...insertions]
    .reverse()
    .reduce((text, insertion) => removeElement(text, file.path, insertion, isOurs), present);
}

/** A file as it lies there, a byte a character; null: there is none. @throws UsageError where it, or a folder above it, is a link */
async function readPlain(topLevel: string, path: string): Promise<string | null> {
  const slash = path.lastIndexOf('/');
  if (slash > 0) refuseLink(topLevel, path.slice(0, slash));
  const found = lstatSync(join(topLevel, path), { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile())
    throw new UsageError(
      `${path} is ${found.isSymbolicLink() ? 'a symbolic link' : 'not a file'}, so nothing is written to it`,
      'make it a file, then run this again',
    );
  return readFile(join(topLevel, path), 'latin1');
}
