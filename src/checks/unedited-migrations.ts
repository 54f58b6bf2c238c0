import { showPath } from '../git/raw.ts';
import type { BytePath, Check, Context, MigrationFolder, Problem, State, Step } from '../model/index.ts';
import { changedEntry, type JournalEntry, readJournal } from '../readers/migrations/journal.ts';
import { inFolder, type MigrationFile, migrationOf } from '../readers/migrations/layout.ts';

/** Refuses to change, rename or remove a migration that may have run already. */
export const uneditedMigrations: Check<'contents' | 'history'> = {
  id: 'unedited-migrations',
  summary: 'A migration that has landed stays as it is, byte for byte.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents', 'history'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'A database that ran a migration does not run it again. If the file changes afterwards, databases that ran the old one differ from those that run the new one, and some tools then want to start over. A migration has landed once a protected branch on the remote has it; until then it may be edited.',
    fix: 'Restore the file, and write a new migration that does the rest, or undoes what the old one did. That holds for `git revert` too. Repeatable migrations may change, and the journal of Drizzle may grow.',
  },
  async run(context) {
    const { policy } = context;
    if (policy.migrations.length === 0) return { skipped: 'no migrations are configured' };
    const steps = await context.contents.newSteps();
    const problems: Problem[] = [];
    let isTouched = false;
    for (const folder of policy.migrations) {
      const files = steps.flatMap((step) => {
        const file = migrationOf(folder, step.path);
        return file === null ? [] : [{ step, file }];
      });
      if (files.length === 0) continue;
      isTouched = true;
      for (const { step, file } of files) problems.push(...(await judgeStep(context, step, file, steps)));
      if (folder.tool === 'drizzle') problems.push(...(await judgeJournal(context, folder, files)));
    }
    return isTouched ? problems : { skipped: 'no migration is changed' };
  },
};

const restore = 'put it back, and write a new migration for what is to change';

async function judgeStep(
  context: Context<'contents' | 'history'>,
  { path, from, to }: Step,
  file: MigrationFile,
  steps: readonly Step[],
): Promise<Problem[]> {
  if (file.repeatable) return [];
  const held = await landedStates(context, path, from);
  if (held.length === 0 || held.some((state) => isSame(state, to))) return [];
  const shown = showPath(path);
  if (to === null) {
    const moved = steps.find((step) => step.from === null && held.some(({ oid }) => oid === step.to?.oid));
    const message =
      moved === undefined ? 'has landed and is removed' : `has landed and is renamed to ${showPath(moved.path)}`;
    return [{ path: shown, message, help: takeBack(context, path) }];
  }
  if (file.grows && to.mode === '100644') {
    const message = await journalFault(context, held, to);
    return message === null ? [] : [{ path: shown, message, help: restore }];
  }
  const isMode = held.some(({ oid }) => oid === to.oid);
  const message = isMode ? `has landed, and its mode is changed to ${to.mode}` : 'has landed and is changed';
  return [{ path: shown, message, help: isMode ? 'put its mode back' : takeBack(context, path) }];
}

function takeBack({ change }: Context, path: BytePath): string {
  const place = change.defaultTip ?? change.base;
  const shown = showPath(path);
  if (place === null || !/^[\w./-]+$/.test(shown)) return restore;
  return `git checkout ${place.slice(0, 12)} -- ${shown}  # then write a new migration for what is to change`;
}

/**
 * What has landed at a path. A protected branch keeps what it has; anywhere else a migration may be edited until a
 * protected branch of the other side holds it.
 */
async function landedStates(
  { gate, change, history }: Context<'history'>,
  path: BytePath,
  from: State | null,
): Promise<readonly State[]> {
  const own = from === null ? [] : [from];
  if (change.protected && gate !== 'pre-commit') return own;
  return (await history.landed(path)) ?? own;
}

async function journalFault(
  context: Context<'contents' | 'history'>,
  held: readonly State[],
  to: State,
): Promise<string | null> {
  const after = await entriesOf(context, to);
  if (after === null) return 'cannot be read as a journal';
  let fault: string | null = null;
  for (const state of held) {
    const before = await entriesOf(context, state);
    const changed = before === null ? null : changedEntry(before, after);
    if (changed === null) return null;
    fault ??= `its entry ${changed} has landed and is changed, moved or removed`;
  }
  return fault;
}

async function entriesOf(
  { contents }: Context<'contents'>,
  state: State | null,
): Promise<readonly JournalEntry[] | null> {
  if (state === null || state.mode === '120000' || state.mode === '160000') return null;
  const { bytes } = await contents.content(state.oid);
  return bytes === null ? null : readJournal(bytes.toString('utf8'));
}

/** Drizzle runs what its journal names, and nothing else. */
async function judgeJournal(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  files: readonly { step: Step; file: MigrationFile }[],
): Promise<Problem[]> {
  const path = inFolder(folder, 'meta/_journal.json');
  const step = files.find((each) => each.step.path === path)?.step;
  const state = await context.contents.stateAt(path);
  const scripts = files.filter(
    ({ step: { to, path: script }, file }) =>
      to !== null && file.way === 'up' && script === inFolder(folder, `${file.key}.sql`),
  );
  if (state === null && step === undefined && scripts.length === 0) return [];
  const shown = showPath(path);
  const entries = state === null ? [] : await entriesOf(context, state);
  if (entries === null)
    return [{ path: shown, message: 'cannot be read as a journal', help: 'generate it again with drizzle-kit' }];
  const problems: Problem[] = [];
  for (const { step: script, file } of scripts)
    if (!entries.some(({ tag }) => tag === file.key))
      problems.push({
        path: showPath(script.path),
        message: `has no entry in ${shown}, so it never runs`,
        help: await wayToRun(context, folder, entries),
      });
  const before = step === undefined ? entries : ((await entriesOf(context, step.from)) ?? []);
  for (const { tag } of entries.filter((entry) => !before.some(({ text }) => text === entry.text))) {
    const isPlain = !/[/\\]|^\.{0,2}$/.test(tag);
    const script = isPlain ? await context.contents.stateAt(inFolder(folder, `${tag}.sql`)) : null;
    if (script === null)
      problems.push({
        path: shown,
        message: isPlain ? `names ${tag}, which has no file` : `names ${tag}, which is not a file of this folder`,
        help: isPlain ? `add ${tag}.sql` : 'generate it again with drizzle-kit',
      });
  }
  return problems;
}

/** Where scripts that the journal does not name have landed before, something else than Drizzle runs them. */
async function wayToRun(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  entries: readonly JournalEntry[],
): Promise<string> {
  const changed = new Set((await context.contents.newSteps()).map(({ path }) => path));
  const isOwn = (await context.contents.paths()).some((path) => {
    const file = changed.has(path) ? null : migrationOf(folder, path);
    const isScript = file?.kind === 'sql' && file.way === 'up' && path === inFolder(folder, `${file.key}.sql`);
    return isScript && !entries.some(({ tag }) => tag === file.key);
  });
  if (!isOwn) return 'add the journal that drizzle-kit wrote with it';
  const { folder: name, dialect } = folder;
  return `others there have none either: where a script of your own runs them, say so in the policy: migrations: [{ folder: ${name}, tool: plain, dialect: ${dialect} }]`;
}

function isSame(a: State, b: State | null): boolean {
  return a.oid === b?.oid && a.mode === b.mode;
}
