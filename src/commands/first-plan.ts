import type { Porcelain } from '../git/porcelain.ts';
import type { Repository } from '../git/repository.ts';
import { firstCommits } from './first-commits.ts';
import { heldFiles } from './first-environments.ts';
import { buildCommand } from './first-guesses.ts';
import { firstMigrations } from './first-migrations.ts';
import { weigh } from './first-often.ts';
import { type FirstOwner, findOwner } from './first-owner.ts';
import { firstRules, mayBeLeft } from './first-policy.ts';
import { aboutHeld, aboutOften, aboutPlain } from './first-remarks.ts';
import { isFreeForm, policyText } from './first-text.ts';
import { plainWorkflows } from './first-workflows.ts';
import type { Io } from './io.ts';
import { guesses, type Unsure } from './unsure.ts';

/** The repository that the first policy is for. */
export interface Place {
  readonly repository: Repository;
  readonly porcelain: Porcelain;
  readonly topLevel: string;
  readonly tracked: readonly string[];
}

/** The first policy, and what there is to say of it. */
export interface FirstPolicy {
  readonly text: string;
  /** Its patterns; empty where nobody could approve a change. */
  readonly protects: readonly string[];
  readonly remarks: readonly string[];
  readonly owner: FirstOwner | null;
}

/**
 * Reads the repository and proposes a policy.
 * @param judges patterns of hooks and CI files; `starts`: of what starts an agent's guard
 */
export async function firstPolicy(
  { repository, porcelain, topLevel, tracked }: Place,
  io: Io,
  given: {
    readonly owner: string | undefined;
    readonly key: string | undefined;
    readonly unsure: Unsure;
    readonly strict: boolean;
    readonly branch: string;
    readonly judges: readonly string[];
    readonly starts: readonly string[];
  },
): Promise<FirstPolicy> {
  const { unsure, branch, strict } = given;
  const remarks: string[] = [];
  const owner = await findOwner(repository, porcelain, io, given);
  if (owner === null)
    remarks.push(
      'no SSH key was found, so nobody could approve a change and no file is protected yet; make one (ssh-keygen -t ed25519), then add owners: and files: to .protectionrc',
    );
  const build = await buildCommand(topLevel, io.cwd, unsure);
  const plain = owner === null ? [] : await plainWorkflows(topLevel, tracked);
  const asked = owner === null ? guesses : unsure;
  const proposed = await firstRules(tracked, [...given.judges, ...given.starts], plain, asked);
  const weighed = await weigh(repository, proposed, tracked, mayBeLeft, asked);
  const { rules, often } = weighed;
  if (plain.length > 0) remarks.push(aboutPlain(plain));
  if (owner !== null && often.length > 0) remarks.push(aboutOften(weighed));
  const migrations = await firstMigrations(topLevel, tracked, unsure);
  const held = await heldFiles(topLevel, tracked, unsure);
  remarks.push(...aboutHeld(held));
  const commits = await firstCommits(repository);
  if (isFreeForm(commits))
    remarks.push(
      `${commits.refused} of the last ${commits.seen} commits have another form than 'type: subject', so that is a warning for now (checks.commit-message)`,
    );
  const today = io.now().toISOString().slice(0, 10);
  const text = policyText({
    ...{ branch, owner, build, rules, often, migrations, commits, strict, today },
    environments: held.allowed,
  });
  return { text, protects: owner === null ? [] : rules.flatMap(({ paths }) => paths), remarks, owner };
}
