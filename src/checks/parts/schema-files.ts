import { isFile } from '../../git/raw.ts';
import type { BytePath, Context, MigrationFolder } from '../../model/index.ts';
import { migrationOf } from '../../readers/migrations/layout.ts';
import { compilePattern } from '../../rules/match.ts';

/** Files that are read to find what they load. */
const most = 200;

/** Does a pattern of the policy say that a path describes the schema? The last that matches decides, as in gitignore. */
function isNamed(folder: MigrationFolder, path: string): boolean {
  if (migrationOf(folder, path) !== null) return false;
  let matches = false;
  for (const source of folder.schema) if (compilePattern(source).matches(path)) matches = !source.startsWith('!');
  return matches;
}

/** Tells which of the paths of a change describe the schema: those that are named, and what these load from beside them. */
export async function schemaFiles(
  context: Context<'contents'>,
  folder: MigrationFolder,
  touched: readonly BytePath[],
): Promise<(path: BytePath) => boolean> {
  const named = (path: BytePath) => isNamed(folder, path);
  if (touched.every((path) => named(path) || !/\.(?:[cm]?[jt]sx?|py)$/i.test(path))) return named;
  const paths = new Set(await context.contents.paths());
  const schema = new Set([...paths].filter(named));
  for (const path of schema) {
    if (schema.size > most) break;
    for (const other of await loadedFrom(context, path, paths))
      if (migrationOf(folder, other) === null) schema.add(other);
  }
  return (path) => named(path) || schema.has(path);
}

const specifier = /\b(?:from|import|require\s*\()\s*["'](\.\/[^"'\n]{1,300})["']/g;
const pythonImport = /^\s*from\s+\.([\w.]+)\s+import\b|^\s*from\s+\.\s+import\s+([\w, ]+)/gm;
const endings = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js'];

/** The files beside a schema file that it imports or exports again. */
async function loadedFrom(
  context: Context<'contents'>,
  path: BytePath,
  paths: ReadonlySet<BytePath>,
): Promise<BytePath[]> {
  const isPython = /\.py$/i.test(path);
  if (!isPython && !/\.[cm]?[jt]sx?$/i.test(path)) return [];
  const state = await context.contents.stateAt(path);
  const { bytes } = state !== null && isFile(state) ? await context.contents.content(state.oid) : { bytes: null };
  if (bytes === null) return [];
  const text = bytes.toString('latin1');
  const beside = path.slice(0, path.lastIndexOf('/') + 1);
  const candidates = isPython
    ? [...text.matchAll(pythonImport)].flatMap(([, module, names]) =>
        (module === undefined ? names!.split(',').map((name) => name.trim()) : [module.replaceAll('.', '/')]).flatMap(
          (name) => [`${name}.py`, `${name}/__init__.py`],
        ),
      )
    : [...text.matchAll(specifier)].flatMap(([, name]) => {
        // TypeScript is imported under the name that it is compiled to.
        const bare = name!.replace(/\.([cm]?)jsx?$/, '');
        return [...endings.map((end) => name! + end), ...endings.slice(1, 5).map((end) => bare + end)];
      });
  return candidates.map((name) => beside + name.replace(/^\.\//, '')).filter((found) => paths.has(found));
}
