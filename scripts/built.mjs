// Whether dist/ is what src/ says now: what is written from yesterday's build would not be true.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..');

/** Ends the process where dist/ is missing or older than what it is built from. */
export function ensureBuilt() {
  const sources = ['src', 'hooks'].flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
  const built = join(project, 'dist/types/index.d.ts');
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return;
  console.error('dist/ is older than src/: npm run build');
  process.exit(2);
}
