// A process that tests files one after the other, and what it said of each.
import { spawn } from 'node:child_process';

/** Milliseconds; several times what the longest file needs on a busy machine. */
const limit = 900_000;
/** For a process whose files are done: what still keeps it is what a test left open. */
const limitAtEnd = 60_000;
/** Test processes, by what their groups are called; whoever stops the run stops them, before their files go. */
const running = new Set();
process.on('exit', () => {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
});

/** Starts a process that tests files: see support/files.ts. */
export function startTests(executable, env) {
  const child = spawn(executable, ['--enable-source-maps', '.test-build/test/support/files.js'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  running.add(child.pid);
  child.on('exit', () => running.delete(child.pid));
  let output = '';
  let heard = () => {};
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
      heard();
    });
  const closed = new Promise((done) => child.on('close', (code) => done(code ?? 1)));
  let late = false;
  const limited = async (wait, most = limit) => {
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL');
    }, most);
    const result = await wait;
    clearTimeout(timer);
    return result;
  };
  const tests = {
    ran: 0,
    /** Tests a file. `isOver`: the process did not live to its end. */
    async run(file) {
      const started = Date.now();
      output = '';
      tests.ran++;
      const ended = new Promise((done) => {
        heard = () => {
          const [, code] = /^# ended with (\d+)$/m.exec(output) ?? [];
          if (code !== undefined) done(Number(code));
        };
      });
      if (child.connected) child.send(file);
      const code = await limited(Promise.race([ended, closed.then(() => null)]));
      return { ...count(output, code ?? 1, late), output, isOver: code === null, ms: Date.now() - started };
    },
    /** Lets the process end. What goes wrong there is a fault of its last file. */
    async end(last) {
      if (child.connected) child.send(null);
      const code = await limited(closed, limitAtEnd);
      return code === 0 && !late ? last : { ...last, output, failed: Math.max(last.failed, 1) };
    },
  };
  return tests;
}

/** uvu exits 0 for an empty file, a throwing `before` and a left-in `only`; so its summaries are read too. */
function count(output, code, late) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^ {2}${word}:\\s+(\\d+)`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  const [total, good, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')];
  // What this machine has no program for says so; any other skipped test was left out by mistake.
  const missing = [...output.matchAll(/^# not run, there is no (.+): .+$/gm)].map(([, what]) => what);
  const bad = total - good + Math.max(0, skipped - missing.length);
  const broken = late || code !== 0 || (total === 0 && missing.length === 0);
  return { passed: good, failed: bad > 0 ? bad : broken ? 1 : 0, missing };
}
