import { isFile } from '../../git/raw.ts';
import type { BytePath, Content, Context, MigrationFolder } from '../../model/index.ts';
import { inFolder, migrationOf } from '../../readers/migrations/layout.ts';
import { type Marks, marksOf, upSections } from '../../readers/migrations/sections.ts';

/** Migrations before one that are read for the types of columns; past that no type is known. */
const [mostFiles, mostBytes] = [2_000, 4 << 20];
/** Words of the statements that change the type of a column, or make a table anew. */
const changesType = /\b(?:type|modify|change|rename)\b/i;

/** The text of a migration; null where it is none. */
export function asText({ bytes }: Content): string | null {
  if (bytes === null || bytes.includes(0)) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text.replace(/^\ufeff/, '') : null;
}

/** What of a migration runs on the way up, as SQL. */
export async function runningSql(
  context: Context<'contents' | 'approvals'>,
  folder: MigrationFolder,
  text: string,
): Promise<string> {
  return running(text, folder, await marksThatCount(context, folder, text));
}

function running(text: string, folder: MigrationFolder, marks: Marks | null): string {
  return filledIn(marks === null ? text : upSections(text, marks), folder);
}

/**
 * The migrations of the folder that run before one, in their order, where its own text could make use of them; none where
 * some of them are code, or the order is not known.
 */
export async function migrationsBefore(
  context: Context<'contents' | 'approvals'>,
  folder: MigrationFolder,
  path: BytePath,
  text: string,
): Promise<readonly string[]> {
  if (folder.dialect !== 'sqlite' && !changesType.test(text)) return [];
  const files = (await context.contents.paths()).flatMap((other) => {
    const file = migrationOf(folder, other);
    return file === null || file.kind === 'metadata' || file.way === 'down' ? [] : [{ path: other, file }];
  });
  if (files.length > mostFiles || files.some(({ file }) => file.kind === 'code')) return [];
  // What is not run on every database, such as a baseline, proves nothing.
  const order = inOrder(
    files.filter(({ file }) => !file.repeatable && !(folder.tool === 'flyway' && !/^V/.test(file.key))),
    folder.tool === 'drizzle' ? await journalOf(context, folder) : null,
  );
  const marks = await marksThatCount(context, folder, text);
  const at = order.indexOf(path);
  const texts: string[] = [];
  let bytes = 0;
  for (const earlier of order.slice(0, Math.max(0, at))) {
    const found = await textAt(context, earlier);
    bytes += found?.length ?? mostBytes;
    if (found === null || bytes > mostBytes) return [];
    texts.push(running(found, folder, marks));
  }
  return texts;
}

/** Does the tool run each migration in a transaction of its own, as far as its text does not say otherwise? */
export function inTransaction({ tool }: MigrationFolder, text: string): boolean {
  if (/^--\s*\+goose NO TRANSACTION|^--\s*migrate:up\s.*transaction:false/m.test(text)) return false;
  return ['drizzle', 'goose', 'dbmate', 'golang-migrate'].includes(tool);
}

/** The tags of Drizzle's journal, in the order in which they run; null where there is none. */
export async function journalOf(context: Context<'contents'>, folder: MigrationFolder): Promise<string[] | null> {
  const text = await textAt(context, inFolder(folder, 'meta/_journal.json'));
  const { readJournal } = await import('../../readers/migrations/journal.ts');
  return (text === null ? null : readJournal(text))?.map(({ tag }) => tag) ?? null;
}

function inOrder(
  files: readonly { readonly path: BytePath; readonly file: { readonly key: string } }[],
  journal: readonly string[] | null,
): BytePath[] {
  if (journal !== null)
    return journal.flatMap((tag) => files.filter(({ file }) => file.key === tag).map(({ path }) => path));
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...files].sort((a, b) => compare(a.file.key, b.file.key)).map(({ path }) => path);
}

async function textAt(context: Context<'contents'>, path: BytePath): Promise<string | null> {
  const state = await context.contents.stateAt(path);
  return state !== null && isFile(state) ? asText(await context.contents.content(state.oid)) : null;
}

/** What a tool fills in before it runs the SQL reads as a name. */
function filledIn(text: string, { tool, placeholders }: MigrationFolder): string {
  const forms = placeholders.length > 0 ? placeholders : tool === 'flyway' ? ['flyway'] : [];
  let filled = text;
  if (forms.includes('flyway')) filled = filled.replace(/\$\{[\w.:-]{1,200}\}/g, 'placeholder');
  if (forms.includes('go')) filled = filled.replace(/\{\{[^{}\n]{1,200}\}\}/g, 'placeholder');
  return filled;
}

/**
 * Whose marks say what runs on the way up; null: nobody's. To most tools such a mark is a comment like any other, so it
 * counts only where every migration that has landed is written with the same marks.
 */
async function marksThatCount(
  context: Context<'contents' | 'approvals'>,
  folder: MigrationFolder,
  text: string,
): Promise<Marks | null> {
  if (folder.tool === 'goose' || folder.tool === 'dbmate') return folder.tool;
  const marks = folder.tool === 'plain' ? marksOf(text) : null;
  if (marks === null) return null;
  const changed = new Set((await context.contents.newSteps()).map((step) => step.path));
  let isCustom = false;
  for (const path of await context.contents.paths()) {
    if (changed.has(path) || migrationOf(folder, path)?.kind !== 'sql') continue;
    const state = await context.contents.stateAt(path);
    const { bytes } = state !== null && isFile(state) ? await context.contents.content(state.oid) : { bytes: null };
    isCustom = bytes !== null && marksOf(bytes.toString('utf8')) === marks;
    if (!isCustom) break;
  }
  return isCustom ? marks : null;
}
