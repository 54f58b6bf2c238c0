import { existsSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startScript } from '../machine/start-script.ts';
import { limits, type ToolCall, UnreadableCall } from './call.ts';
import type { Answer, Host } from './hosts/host.ts';
import { hostOf, hosts } from './hosts/index.ts';
import { placeOf } from './place.ts';
import { readCall } from './read-call.ts';
import { rememberedPolicy } from './standing-policy.ts';
import { mayMatter } from './triggers.ts';

/** What an agent's host starts before each tool call: `node guard.cjs --host NAME`. Silence lets the host's own rules decide. */

/** Digest of guard-process.cjs, which the build puts here; not there where the files are compiled one by one. */
declare const builtWith: string | undefined;
const content = typeof builtWith === 'string' ? builtWith : null;

interface Judging {
  decide(
    call: ToolCall,
    hosts: { readonly named: Host; readonly shape: Host },
    cwd: string,
    env: NodeJS.ProcessEnv,
  ): Promise<Answer>;
}

// Whatever ends this process early must not let the call through.
process.exitCode = 2;
const [, , flag, name] = process.argv;
const named = flag === '--host' && name !== undefined ? hostOf(name) : null;
if (named === null)
  say({
    code: 2,
    stdout: '',
    stderr: `protect guard: --host is '${String(name).slice(0, 40)}', expected ${hosts.map((host) => host.name).join(', ')}\n`,
  });
else void judged(named).then(say, (error: unknown) => say(crashed(named, error)));

async function judged(host: Host): Promise<Answer> {
  const { call, shape } = readCall(standardInput(), host);
  const cwd = call.cwd ?? process.cwd();
  const place = placeOf(cwd);
  const policy = place === null ? null : rememberedPolicy(place);
  if (policy !== undefined && !mayMatter(call, policy, place, () => packageScripts(cwd, place?.top ?? null)))
    return { code: 0, stdout: '', stderr: '' };
  const folder = place === null ? null : join(place.commonDir, 'protect', 'cache', 'guard');
  const { decide } = startScript(join(import.meta.dirname, 'guard-process.cjs'), content, folder) as Judging;
  return decide(call, { named: host, shape }, cwd, process.env);
}

/** What the scripts of the package say, here and at the top. */
function packageScripts(cwd: string, top: string | null): string | null {
  const texts = [...new Set([cwd, top])].flatMap((folder) => {
    const file = folder === null ? null : join(folder, 'package.json');
    return file !== null && existsSync(file) ? [readFileSync(file, 'utf8')] : [];
  });
  if (texts.length === 0) return null;
  try {
    return texts
      .map((text) => Object.values((JSON.parse(text) as { scripts?: object }).scripts ?? {}).join('\n'))
      .join('\n');
  } catch {
    return null; // The package manager cannot read it either.
  }
}

/** All of standard input, up to what a call may be. */
function standardInput(): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (;;) {
    const piece = Buffer.alloc(65_536);
    const read = readPiece(piece);
    if (read === 0) return Buffer.concat(pieces);
    size += read;
    if (size > limits.payload) throw new UnreadableCall(`the call is larger than ${limits.payload >> 20} MiB`);
    pieces.push(piece.subarray(0, read));
  }
}

function readPiece(piece: Buffer): number {
  for (;;) {
    try {
      return readSync(0, piece);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      // A pipe that somebody set so that it does not wait: it is asked again in a moment.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function crashed(host: Host, error: unknown): Answer {
  const why = error instanceof Error ? error.message : String(error);
  return host.refuse(
    `git-protect refused this: ${why.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)}, so it could not be judged\n  help: a person runs npx git-protect doctor\n`,
  );
}

function say({ code, stdout, stderr }: Answer): void {
  if (stdout !== '') writeSync(1, stdout);
  if (stderr !== '') writeSync(2, stderr);
  process.exitCode = code;
}
