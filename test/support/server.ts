import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { environment, folder, makeKey, type Repo, type Result, run } from './world.ts';

/** Lets a bare repository judge what is pushed to it, as whoever runs it does. */
export function guardServer(bare: Repo, ...flags: string[]): Result {
  const done = bare.protect('init', '--server', '.', ...flags);
  if (done.code !== 0) throw new Error(done.out);
  return done;
}

export interface Daemon {
  /** The URL of a repository. */
  url(bare: Repo): string;
  stop(): void;
}

/** Serves the folder of a repository by `git daemon` on loopback: hooks see the server's environment, not the pusher's. */
export async function daemon(bare: Repo, env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
  const port = await freePort();
  const base = dirname(bare.dir);
  const exec = run(bare.dir, 'git', ['--exec-path']).stdout.trim();
  const options = ['--reuseaddr', '--export-all', '--enable=receive-pack', '--listen=127.0.0.1', '--max-connections=0'];
  const child = spawn(`${exec}/git-daemon`, [...options, `--port=${port}`, `--base-path=${base}`, base], {
    env: environment(env),
    stdio: 'ignore',
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const url = (repo: Repo) => `git://127.0.0.1:${port}${repo.dir.slice(base.length)}`;
  for (let look = 0; run(base, 'git', ['ls-remote', url(bare)]).code !== 0; look++) {
    if (look > 100) throw new Error('git daemon did not start');
    await new Promise((done) => setTimeout(done, 50));
  }
  return { url, stop: () => void child.kill('SIGKILL') };
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const sshd = '/usr/sbin/sshd';

/** What is missing for pushes over ssh; null: nothing. */
export const missingForSsh = existsSync(sshd) ? null : 'sshd';

/**
 * Serves a repository over ssh on loopback, to a key that may run nothing but `git-receive-pack` and `git-upload-pack` on it.
 * @returns what Git needs to push there, and the URL
 */
export async function sshServer(bare: Repo): Promise<{ env: NodeJS.ProcessEnv; url: string; stop(): void }> {
  const port = await freePort();
  const [hostKey, key] = [makeKey('host'), makeKey('pusher')];
  const place = folder('sshd');
  const forced = `command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",no-pty,no-port-forwarding,no-agent-forwarding`;
  writeFileSync(join(place, 'authorized'), `${forced} ${key.line}\n`, { mode: 0o600 });
  const options = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: hostKey.file,
    PidFile: 'none',
    AuthorizedKeysFile: join(place, 'authorized'),
    StrictModes: 'no',
    UsePAM: 'no',
    PermitRootLogin: 'yes',
    PasswordAuthentication: 'no',
  };
  writeFileSync(
    join(place, 'config'),
    Object.entries(options)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  );
  if (process.geteuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const child = spawn(sshd, ['-D', '-e', '-f', join(place, 'config')], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  const trust = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes';
  const env = { GIT_SSH_COMMAND: `ssh -F none -i ${key.file} ${trust}`, SSH_AUTH_SOCK: '' };
  const url = `ssh://${userInfo().username}@127.0.0.1:${port}${bare.dir}`;
  for (let look = 0; run(place, 'git', ['ls-remote', url], { env }).code !== 0; look++) {
    if (look > 50) throw new Error(run(place, 'git', ['ls-remote', url], { env }).out);
    await new Promise((done) => setTimeout(done, 50));
  }
  return { env, url, stop: () => void child.kill('SIGKILL') };
}
