import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Runs a CommonJS file as `require` does, by the code that V8 made of it last time: compiling is a third of what a hook
 * takes. What V8 does not accept, because it is of another version or started with other flags, is compiled and kept anew.
 * What it imports when it is needed it imports by `importHere`, from the folder of the hook: a script has no `import()`.
 * @param content digest of the file; null: it is not known, and nothing is kept
 * @param folder where compiled code is kept; null: nowhere
 * @returns what the file exports
 * @see https://nodejs.org/docs/latest-v20.x/api/vm.html#class-vmscript
 */
export function startScript(file: string, content: string | null, folder: string | null): unknown {
  // Who starts nothing need not load them.
  const [{ createRequire }, { Script }] = [
    process.getBuiltinModule('node:module'),
    process.getBuiltinModule('node:vm'),
  ];
  const source = readFileSync(file, 'latin1'); // It is ASCII, which V8 then keeps as it is.
  const kept = folder === null || content === null ? null : join(folder, keptName(file, content));
  const cachedData = kept === null ? undefined : readKept(kept);
  const script = new Script(`(function (require, module, exports, __filename, __dirname, importHere) {${source}\n})`, {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
  });
  if (kept !== null && (cachedData === undefined || script.cachedDataRejected))
    process.once('exit', () => keep(kept, script.createCachedData()));
  const module = { exports: {} };
  script.runInThisContext()(
    createRequire(file),
    module,
    module.exports,
    file,
    dirname(file),
    (name: string) =>
      import(
        name.startsWith('.') ? process.getBuiltinModule('node:url').pathToFileURL(join(dirname(file), name)).href : name
      ),
  );
  return module.exports;
}

/**
 * V8 compares no more than the length of a source, and packages are unpacked with one date for all of them: so the name
 * says what the file holds, and what compiled it.
 */
function keptName(file: string, content: string): string {
  return `${basename(file)}-${content}-${process.version}-${process.arch}.v8`;
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // It is compiled again.
  }
}

/** Keeps one for each script. What the system refuses only costs time. */
function keep(path: string, code: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
    for (const name of readdirSync(dirname(path)))
      if (name.endsWith('.v8') && name !== basename(path)) rmSync(join(dirname(path), name), { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
