/** What pre-commit has just said of the index, so that commit-msg need not say it again. */

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { formProblems, parseSubject } from '../checks/commit-message.ts';
import { type Folders, headOf, type PlainHead } from '../git/plain-files.ts';
import { detectAgent } from '../machine/agent.ts';
import type { Oid } from '../model/change.ts';
import type { Policy } from '../model/policy.ts';
import { cachedPolicy } from '../policy/cache.ts';

/** Raised with every change of what a record stands for. */
const form = 1;
/** Bytes: a longer message is judged the whole way. */
const longest = 65_536;
/** Bytes of the checksum at the end of an index; with SHA-256 there are 12 more before them. */
const checksum = 20;

/**
 * The index of the commit in the making, by its path, size and checksum; null where it cannot be told that way
 * (`index.skipHash` writes zeros).
 * @see https://git-scm.com/docs/index-format
 */
export function indexSignature(cwd: string, { GIT_INDEX_FILE: named }: NodeJS.ProcessEnv): string | null {
  if (named === undefined) return null;
  const path = resolve(cwd, named);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null; // Then nothing is remembered, and nothing was.
  }
  try {
    const { size } = fstatSync(file);
    const end = Buffer.alloc(checksum);
    const read = size < checksum ? 0 : readSync(file, end, 0, checksum, size - checksum);
    return read < checksum || end.every((byte) => byte === 0) ? null : `${path} ${size} ${end.toString('hex')}`;
  } finally {
    closeSync(file);
  }
}

/** What is remembered: this index on this commit of this branch passed, by this policy, and nothing in it is guarded. */
export interface Remembered extends PlainHead {
  readonly index: string;
  /** Id of the policy's blob. */
  readonly policy: Oid;
}

const fileOf = ({ gitDir, commonDir }: Folders) => join(commonDir, 'protect', 'judged', basename(gitDir));
const written = (record: Remembered) => JSON.stringify([form, record.index, record.head, record.branch, record.policy]);

/** Keeps it for the commit-msg that follows. What the system refuses only costs time. */
export function remember(folders: Folders, record: Remembered): void {
  const file = fileOf(folders);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, written(record));
    renameSync(`${file}.${process.pid}`, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/**
 * Does a commit pass because pre-commit passed this very index a moment ago, and the message has the right form? Only ever
 * true where the whole way would end the same; at any doubt false, and then the whole way is gone. Asks no Git.
 */
export function passesAgain(words: readonly string[], folders: Folders, cwd: string, env: NodeJS.ProcessEnv): boolean {
  const [gate, file, ...flags] = words;
  if (gate !== 'commit-msg' || file === undefined || flags.length > 0) return false;
  const { gitDir, commonDir } = folders;
  // What was remembered may be a person's.
  if (detectAgent(env) !== null) return false;
  try {
    if (existsSync(join(gitDir, 'MERGE_HEAD'))) return false;
    const said = readFileSync(fileOf(folders), 'utf8');
    const [, , , , oid] = JSON.parse(said) as unknown[];
    const index = indexSignature(cwd, env);
    const head = headOf(folders);
    if (index === null || head === null || typeof oid !== 'string' || !/^[0-9a-f]{40,64}$/.test(oid)) return false;
    if (said !== written({ index, ...head, policy: oid })) return false;
    const policy = cachedPolicy(commonDir, oid);
    return policy !== null && judgesMessagesOnly(policy) && isPlainlyRight(readFileSync(resolve(cwd, file)), policy);
  } catch {
    return false; // Whatever it is, the whole way says it in words.
  }
}

/** No check of the project's own looks at messages too. */
function judgesMessagesOnly({ checks }: Policy): boolean {
  return Object.values(checks).every(({ command, on }) => command === undefined || on?.includes('commit-msg') !== true);
}

/**
 * Is the subject right however Git cleans the message? Its first line stands where no cleanup takes it away, and says
 * neither that it takes a commit back nor that it is to be squashed.
 */
function isPlainlyRight(message: Buffer, policy: Policy): boolean {
  if (message.length > longest || message.includes(0)) return false;
  const [subject = '', second = ''] = message.toString('utf8').split('\n', 2);
  // What follows at once is part of the subject, unless it is a comment.
  if (!/^[A-Za-z][\x20-\x7e]*$/.test(subject) || !/^(?:#|$)/.test(second)) return false;
  return [subject, subject.trimEnd()].every(
    (line) => formProblems(line, parseSubject(line, policy.commits), policy).length === 0,
  );
}
