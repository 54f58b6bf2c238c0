import { join } from 'node:path';
import { is } from 'uvu/assert';
import { folder, projectRoot, run } from './world.ts';

/** The environment of whoever runs the tests, without what would lead Git or Node elsewhere. */
export function outerEnvironment(): NodeJS.ProcessEnv {
  const outer = Object.entries(process.env).filter(([name]) => !/^(GIT_|NODE_OPTIONS|NODE_V8|CI$)/.test(name));
  return { ...Object.fromEntries(outer), NODE_ENV: 'development' };
}

/** npm gets packages from wherever this machine gets them, so it sees the outer environment. */
export function npm(cwd: string, ...args: string[]) {
  return run(cwd, 'npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { env: outerEnvironment() });
}

/** The package as it would be published. */
export function pack() {
  const to = folder('pack');
  const packed = npm(projectRoot, 'pack', '--ignore-scripts', '--json', '--pack-destination', to);
  is(packed.code, 0, packed.out);
  const parsed = JSON.parse(packed.stdout);
  const [info] = Array.isArray(parsed)
    ? parsed
    : Object.values(parsed as Record<string, { filename: string; files: { path: string }[] }>);
  return { tarball: join(to, info.filename), files: (info.files as { path: string }[]).map(({ path }) => path) };
}
