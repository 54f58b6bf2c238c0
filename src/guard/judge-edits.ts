import { isAbsolute, join } from 'node:path';
import type { ToolCall } from './call.ts';
import { destroys } from './judges/data/statements.ts';
import { judgeFile } from './judges/files.ts';
import { gitFile, ownFile } from './own-files.ts';
import { located, type Target } from './paths.ts';
import type { Refusal, Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** Judges the files that a call would change by a tool of the host. */
export async function judgeEdits(call: ToolCall, cwd: string, world: World): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { path, content } of call.edits) {
    const target = located(absolute(path, cwd), path, world.place);
    const before = target.absolute === null ? null : world.read(target.absolute);
    const after = content(before?.toString('utf8') ?? null);
    const text = `${call.tool} ${path}`;
    verdicts.push({ text, refusals: await judgeEdit(target, after === null ? null : Buffer.from(after), text, world) });
  }
  return verdicts;
}

async function judgeEdit(target: Target, after: Buffer | null, text: string, world: World): Promise<Refusal[]> {
  const own =
    target.inGit !== null
      ? gitFile(target.inGit)
      : ownFile(target.inTree ?? target.absolute ?? '', world.hooksFolder, 'write');
  if (own !== null) {
    if (
      target.inTree !== null &&
      after !== null &&
      world.guards(target.inTree).length > 0 &&
      (await world.git.isApproved(target.inTree, after))
    )
      return [];
    const help =
      own.kind === 'approvals'
        ? 'npx git-protect approval add TOKEN|FILE adds an approval that an owner signed'
        : 'leave it as it is, or ask the person you work for to do it';
    return [{ kind: own.kind, part: text, message: `${target.shown} is ${own.what}, and it would be written`, help }];
  }
  const found = await judgeFile(target, after, text, world);
  return found === null ? [] : [found];
}

const absolute = (path: string, cwd: string) => (isAbsolute(path) ? path : join(cwd, path));

/** Tools of servers that write files of the repository, merge, or move branches. */
const repositoryWriter =
  /(?:create_or_update_file|push_files|delete_file|update_file|create_file|commit_files|merge_pull_request|merge_merge_request|update_pull_request_branch|update_ref|create_ref|delete_ref|delete_branch|create_commit|update_branch_protection|delete_branch_protection|(?:create|update|delete)_(?:ruleset|repository_ruleset|webhook|hook|secret|variable))$/i;
const branchMaker = /(?:create_branch|create_tag|update_branch)$/i;
const gitServer = /(?:github|gitlab|gitea|bitbucket|forgejo|azure|git)/i;

/** Judges a tool of a server: what it is called, and the paths and statements among its arguments. */
export async function judgeRemote(call: ToolCall, cwd: string, world: World): Promise<Verdict[]> {
  const refuse = (kind: Refusal['kind'], message: string, help: string): Verdict[] => [
    { text: call.tool, refusals: [{ kind, part: call.tool, message, help }] },
  ];
  if (gitServer.test(call.tool) && repositoryWriter.test(call.tool))
    return refuse(
      'refs',
      `${call.tool} changes the repository past every hook`,
      'commit in this clone, push a branch and open a pull request',
    );
  if (
    gitServer.test(call.tool) &&
    branchMaker.test(call.tool) &&
    call.texts.some(
      (text) => world.isProtected(text.replace(/^refs\/heads\//, '')) && !call.tool.endsWith('create_branch'),
    )
  )
    return refuse('refs', `${call.tool} moves a protected branch`, 'push a branch of your own');
  const sql = call.texts.flatMap((text) =>
    /\b(?:drop|truncate|delete|update|alter)\b/i.test(text) ? destroys(text) : [],
  );
  if (/sql|query|database|postgres|mysql|execute|supabase|neon|mongo/i.test(call.tool) && sql[0] !== undefined)
    return refuse(
      'data',
      `${sql[0]} destroys data, and which database the server speaks to is not known`,
      'run it against a database of this machine, from the shell',
    );
  for (const text of call.edits.length > 0 || !writes.test(call.tool)
    ? []
    : call.texts.filter((each) => each.length < 1024 && !/\s{2}|\n/.test(each))) {
    const target = located(absolute(text, cwd), text, world.place);
    const refusals =
      target.inTree === null && target.inGit === null ? [] : await judgeEdit(target, null, call.tool, world);
    if (refusals.length > 0) return [{ text: call.tool, refusals }];
  }
  return [];
}

const writes = /write|create|update|delete|push|edit|move|put|remove|patch|rename|upload|insert|append|replace/i;
