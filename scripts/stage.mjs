// Where the demo plays: a throwaway home, repository and bare remote, and steps that must go as they are told.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = realpathSync(mkdtempSync(join(tmpdir(), 'protect-demo-')));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
export const [home, repo, origin] = ['home', 'shop', 'origin.git'].map((name) => join(root, name));
export const env = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: home,
  LANG: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** How many steps were played. */
export let steps = 0;

/**
 * Runs a shell line in the repository, shows it with its output, and insists on its exit code (or one of several) and words.
 * @param brief of the output only the line that holds this is shown
 */
export function step(story, line, { code, says = [], shown, brief }) {
  steps++;
  console.log(`${steps}. ${story}\n$ ${shown ?? line}`);
  const done = spawnSync('sh', ['-c', `(${line}) 2>&1`], { cwd: repo, env, encoding: 'utf8' });
  const whole = done.stdout.replaceAll(root, '…');
  const output = brief ? (whole.split('\n').find((text) => text.includes(brief)) ?? whole) : whole;
  console.log(
    `${output.replace(/pt1_[\w-]{60,}/g, (long) => `${long.slice(0, 40)}…`).trimEnd()}\n`.replace(/^\n+/, ''),
  );
  if (![code].flat().includes(done.status)) fail(`exit code ${done.status}, expected ${code}`);
  for (const words of [says].flat()) if (!output.includes(words)) fail(`the output does not say '${words}'`);
  return done.stdout;
}

export function write(path, content) {
  mkdirSync(dirname(join(repo, path)), { recursive: true });
  writeFileSync(join(repo, path), content);
}

export function quietly(command, args, environment = env) {
  return execFileSync(command, args, {
    cwd: repo,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
}

function fail(reason) {
  console.error(`The demo stops here: ${reason}.`);
  process.exit(1);
}
