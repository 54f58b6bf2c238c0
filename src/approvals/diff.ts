import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import type { Oid, State, Step } from '../model/index.ts';
import { visible, visibleBytes } from '../words/visible.ts';

/** Above this, content with NUL bytes in it is described instead of printed; in bytes. */
const maxBinary = 64 << 10;

const kinds: Record<string, string> = {
  '100644': 'file',
  '100755': 'executable file',
  '120000': 'symlink',
  '160000': 'submodule',
};

/**
 * Renders a step for the one who is asked to sign it: from the contents alone, so that no attribute, external diff,
 * textconv or configuration decides what is seen; control and bidirectional characters are shown.
 */
export async function renderStep(
  repository: Repository,
  step: Step,
  contents: ReadonlyMap<Oid, Buffer>,
): Promise<string> {
  const heading = `--- ${visible(showPath(step.path))} (${describe(step)})`;
  const [from, to] = [content(step.from, contents), content(step.to, contents)];
  if (from.equals(to)) return `${heading}\n  the content stays the same\n`;
  const binary = [from, to].some((bytes) => bytes.includes(0) && bytes.length > maxBinary);
  if (binary)
    return `${heading}\n  binary, ${from.length} bytes become ${to.length} bytes; it cannot be shown here, so look at it before you sign\n`;
  return `${heading}\n${await unifiedDiff(repository, from, to)}`;
}

function describe({ from, to }: Step): string {
  const kind = (state: State) => `${kinds[state.mode] ?? 'entry'}, mode ${state.mode}`;
  if (from === null) return `new ${kind(to!)}`;
  if (to === null) return `deleted ${kind(from)}`;
  return from.mode === to.mode ? `changed ${kind(to)}` : `${kind(from)} becomes ${kind(to)}`;
}

function content(state: State | null, contents: ReadonlyMap<Oid, Buffer>): Buffer {
  if (state === null) return Buffer.alloc(0);
  return state.mode === '160000' ? Buffer.from(`commit ${state.oid}\n`) : (contents.get(state.oid) ?? Buffer.alloc(0));
}

async function unifiedDiff(repository: Repository, from: Buffer, to: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'protect-diff-'));
  try {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    await Promise.all([writeFile(a, from), writeFile(b, to)]);
    const env = { GIT_DIR: folder, GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' };
    const args = [
      '-c',
      `core.attributesFile=${devNull}`,
      'diff',
      '--no-index',
      '--text',
      '--no-ext-diff',
      '--no-textconv',
      '--no-color',
      '-U5',
      '--',
      a,
      b,
    ];
    // Run beside the files: the working tree's attributes have no say there.
    const { stdout } = await repository.run(args, { codes: [0, 1], env, cwd: folder });
    const start = stdout.indexOf('\n@@');
    return visibleBytes(start < 0 ? stdout : stdout.subarray(start + 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
