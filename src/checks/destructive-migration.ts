import { isFile, showPath } from '../git/raw.ts';
import type { BytePath, Check, Context, Guard, MigrationFolder, Problem, State, Step } from '../model/index.ts';
import { isAtOrAbove, type MigrationFile, migrationOf } from '../readers/migrations/layout.ts';
import { compilePattern, folderPattern } from '../rules/match.ts';
import { askOwner, severityWithoutApproval } from './parts/ask-owner.ts';
import { asText, inTransaction, journalOf, migrationsBefore, runningSql } from './parts/migration-text.ts';

/** Findings of one file that are told one by one. */
const told = 20;

/** Refuses new migrations that destroy data, unless an owner approved the file. */
export const destructiveMigration: Check<'contents' | 'approvals'> = {
  id: 'destructive-migration',
  summary: 'A migration that destroys data lands only with the signed approval of an owner.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents', 'approvals'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'A DROP, a TRUNCATE, or a DELETE or UPDATE of every row cannot be undone: only a backup brings the data back. What cannot be read could be one of these, so it counts as one. Statements that block others while they run are warnings. A column that becomes wider is no loss if the migrations before it, in SQL, show its old type (a plain `CREATE TABLE` or `ADD COLUMN` does, one with `IF NOT EXISTS` does not). A table that SQLite recreates (`CREATE`, `INSERT … SELECT`, `DROP`, `RENAME`) is judged by the columns and rows that it keeps, and by what references it with `ON DELETE CASCADE`: within a transaction, and on D1, foreign keys cannot be switched off. In a migration written as code, the SQL in its strings and the calls that drop, empty or delete are checked; what reverts a migration (`down`, `downgrade`, undo files) is not.',
    fix: 'Write it so that nothing is lost: add before you drop, copy before you change a type, give DELETE and UPDATE a WHERE. If the loss is intended, an owner approves the file: `npx git-protect approve --staged --reason "…"`; `npx git-protect request` asks one to.',
  },
  async run(context) {
    if (context.policy.migrations.length === 0) return { skipped: 'no migrations are configured' };
    const touched = await touchedFiles(context);
    if (touched.length === 0) {
      const unread = await unreadFiles(context);
      return unread.length > 0 ? unread : { skipped: 'no migration is changed' };
    }
    const problems: Problem[] = [];
    for (const file of touched) problems.push(...(await report(context, file, await judgeFile(context, file))));
    return [...problems, ...(await unreadFiles(context))];
  },
  async approvable(context) {
    const open: Step[] = [];
    for (const file of await touchedFiles(context)) {
      const found = await judgeFile(context, file);
      if (!found.some(({ severity }) => severity === 'error')) continue;
      const consent = await context.approvals.consent(file.step, guardOf(context, file.step.path));
      if (!consent.approved) open.push(file.step);
    }
    return open;
  },
};

interface Touched {
  readonly step: Step;
  readonly to: State;
  readonly folder: MigrationFolder;
  /** Null for a link where the folder, or a part of it, should be. */
  readonly file: MigrationFile | null;
}

interface Found {
  readonly line?: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** What the change adds or alters that could run. */
async function touchedFiles(context: Context<'contents' | 'approvals'>): Promise<Touched[]> {
  const { migrations } = context.policy;
  if (migrations.length === 0) return [];
  const touched: Touched[] = [];
  for (const step of await context.contents.newSteps()) {
    const { path, from, to } = step;
    if (to === null || (from?.oid === to.oid && isFile(from) === isFile(to))) continue;
    for (const folder of migrations) {
      const file = migrationOf(folder, path);
      const isLink = !isFile(to) && (isAtOrAbove(folder.folder, path) || isIn(folder, path));
      if (!isLink && (file === null || file.kind === 'metadata')) continue;
      if (file !== null && !isLink && (await isWayDown(context, folder, file))) continue;
      touched.push({ step, to, folder, file: isLink ? null : file });
    }
  }
  return touched;
}

/** New files beside migrations that the tool of the policy does not read: nobody has looked at them. */
async function unreadFiles(context: Context<'contents' | 'approvals'>): Promise<Problem[]> {
  const { migrations } = context.policy;
  const { couldBeMigration, toolOf } = await import('../readers/migrations/foreign.ts');
  const problems: Problem[] = [];
  for (const { path, to, from } of await context.contents.newSteps()) {
    if (to === null || !isFile(to) || from?.oid === to.oid || !couldBeMigration(showPath(path))) continue;
    const inside = migrations.filter((folder) => isIn(folder, path));
    if (inside.length === 0 || migrations.some((folder) => migrationOf(folder, path) !== null)) continue;
    const { bytes } = await context.contents.content(to.oid);
    const other = bytes === null ? null : toolOf(showPath(path), bytes.toString('utf8'));
    const [{ folder, tool }] = inside as [MigrationFolder];
    problems.push({
      path: showPath(path),
      message:
        other === null
          ? `lies among the migrations of ${folder}, and 'tool: ${tool}' does not read it: nothing of it was checked`
          : `is a migration of ${other}, which 'tool: ${tool}' does not read, so it cannot be checked`,
      severity: other === null ? 'warning' : severityWithoutApproval(context),
      help: `name its tool in the policy: migrations: [{ folder: ${folder}, tool: ${other ?? '…'} }]`,
    });
  }
  return problems;
}

function isIn({ folder }: MigrationFolder, path: BytePath): boolean {
  return folder !== '.' && compilePattern(folderPattern(folder)).matches(path);
}

/**
 * Does a file only take a migration back? By its name alone other tools would run it like any other, so all of the
 * folder has to be named that way: `x.up.sql` and `x.down.sql`.
 */
async function isWayDown(
  context: Context<'contents' | 'approvals'>,
  folder: MigrationFolder,
  file: MigrationFile,
): Promise<boolean> {
  if (file.way !== 'down') return false;
  if (['prisma', 'flyway', 'golang-migrate'].includes(folder.tool)) return true;
  // What the journal names runs, whatever its name says.
  if (folder.tool === 'drizzle') return (await journalOf(context, folder))?.includes(file.key) === false;
  const ups = (await context.contents.paths()).filter((other) => {
    const found = migrationOf(folder, other);
    return found?.kind === 'sql' && found.way === 'up';
  });
  return ups.length > 0 && ups.every((other) => /[._-]up\.sql$/i.test(other));
}

async function judgeFile(
  context: Context<'contents' | 'approvals'>,
  { step, to, folder, file }: Touched,
): Promise<readonly Found[]> {
  if (file === null || !isFile(to))
    return [unseen(to.mode === '160000' ? 'is a submodule' : `is ${to.mode === '120000' ? 'a symlink' : 'no file'}`)];
  const content = await context.contents.content(to.oid);
  if (content.left === 'large') return [unseen(`is ${content.size} bytes, too large to be checked`, '')];
  const text = asText(content);
  if (text === null) return [unseen('is not UTF-8 text')];
  const path = showPath(step.path);
  if (file.kind === 'code') return judgeScript(text, path, folder);
  const { judgeSql } = await import('../readers/sql/index.ts');
  const before = await migrationsBefore(context, folder, step.path, text);
  return judgeSql(await runningSql(context, folder, text), folder.dialect, {
    before,
    inTransaction: inTransaction(folder, text),
  });
}

async function judgeScript(text: string, path: string, { tool, dialect }: MigrationFolder): Promise<readonly Found[]> {
  const { toolOf } = await import('../readers/migrations/foreign.ts');
  const other = toolOf(path, text);
  // What its own reader does not know is not judged by it.
  if (other !== null && other !== tool && (other === 'django' || tool === 'django' || tool === 'liquibase'))
    return [unseen(`is a migration of ${other}, and the policy says 'tool: ${tool}'`)];
  if (tool === 'rails') return (await import('../readers/migrations/ruby.ts')).judgeRuby(text, dialect);
  if (tool === 'liquibase')
    return (await import('../readers/migrations/liquibase.ts')).judgeLiquibase(text, path, dialect);
  const { judgeCode, languageOf } = await import('../readers/migrations/code.ts');
  const language = languageOf(path);
  return language === null ? [unseen('is written in a language that is not read')] : judgeCode(text, language, dialect);
}

function unseen(message: string, rest = ', so it cannot be checked'): Found {
  return { severity: 'error', message: `${message}${rest}` };
}

async function report(
  context: Context<'contents' | 'approvals'>,
  { step }: Touched,
  found: readonly Found[],
): Promise<Problem[]> {
  const path = showPath(step.path);
  const errors = unique(found.filter(({ severity }) => severity === 'error'));
  const warnings = unique(found.filter(({ severity }) => severity === 'warning'));
  const problems: Problem[] = shorten(warnings).map((warning) => ({ path, ...warning, severity: 'warning' }));
  if (errors.length === 0) return problems;
  const guard = guardOf(context, step.path);
  const consent = await context.approvals.consent(step, guard);
  if (consent.approved) {
    const by = `approved by ${consent.approvals.join(', ')}`;
    const notes = shorten(errors).map(({ message, ...rest }) => ({ path, ...rest, message: `${message} (${by})` }));
    return [...notes.map((note) => ({ ...note, severity: 'note' as const })), ...problems];
  }
  const { owners } = guard.rule;
  const isAdopted = context.loaded.bootstrap === 'adoption';
  const severity = isAdopted ? 'warning' : severityWithoutApproval(context);
  const help =
    owners.length === 0
      ? 'the policy names no owner, so nobody can approve it: write it so that nothing is lost'
      : await askOwner(context, owners, consent, path);
  const why = consent.reason === 'none' ? '' : ` (${consent.text})`;
  const told = shorten(errors).map(({ message, ...rest }, index) => ({
    path,
    ...rest,
    message: index === 0 ? `${message}${why}` : message,
    severity,
    ...(index === 0 ? { help } : {}),
  }));
  return [...told, ...problems];
}

/** Any owner of the policy may let it pass. */
function guardOf({ policy }: Context, path: BytePath): Guard {
  const rule = {
    paths: [showPath(path)],
    risk: 'high' as const,
    reason: 'destroys data',
    owners: Object.keys(policy.owners),
    required: 1,
  };
  return { rule, pattern: 'destructive-migration', builtIn: true };
}

function shorten(found: readonly Found[]): { line?: number; message: string }[] {
  const first = found.slice(0, told).map(({ line, message }) => ({ ...(line === undefined ? {} : { line }), message }));
  return found.length <= told ? first : [...first, { message: `and ${found.length - told} more` }];
}

function unique(found: readonly Found[]): Found[] {
  const seen = new Set<string>();
  return found.filter(({ line, message }) => {
    const key = `${line} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
