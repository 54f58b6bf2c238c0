import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import type { ToolCall } from '../../src/guard/call.ts';
import { claude } from '../../src/guard/hosts/claude.ts';
import type { Host } from '../../src/guard/hosts/host.ts';
import { readCall } from '../../src/guard/read-call.ts';
import { startScript } from '../../src/machine/start-script.ts';
import { suite } from '../support/suite.ts';
import { distFolder, environment } from '../support/world.ts';
import { more } from './climbs.ts';
import { type Row, commands as table } from './commands.ts';
import { worlds } from './worlds.ts';

const test = suite('the agents’ guard, command by command');
const commands: readonly Row[] = [...table, ...more];
const places = worlds();

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a host hands over. */
function callOf({ command, world, shell }: Row) {
  const tool = shell === 'posix' ? 'Bash' : 'PowerShell';
  return { hook_event_name: 'PreToolUse', tool_name: tool, tool_input: { command }, cwd: places[world].dir };
}

/** What the built guard says to one call, as a host hears it. */
function started(row: Row): Promise<Said> {
  const child = spawn(process.execPath, [join(distFolder, 'guard.cjs'), '--host', 'claude'], {
    cwd: places[row.world].dir,
    env: environment(),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdin.end(JSON.stringify(callOf(row)));
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })));
}

/** The same code of the built package, without a process for each: that they answer alike is tried on every tenth. */
const { decide } = startScript(join(distFolder, 'guard-process.cjs'), null, null) as {
  decide(call: ToolCall, hosts: { named: Host; shape: Host }, cwd: string, env: NodeJS.ProcessEnv): Promise<Said>;
};

function judged(row: Row): Promise<Said> {
  const { call, shape } = readCall(Buffer.from(JSON.stringify(callOf(row))), claude);
  return decide(call, { named: claude, shape }, places[row.world].dir, environment());
}

test('what it refuses and what it lets pass', async () => {
  const [missed, alarms, strange]: [string[], string[], string[]] = [[], [], []];
  // The first call in a clone parses the policy, which the process that is tried here then finds.
  for (const world of ['clean', 'work', 'main'] as const)
    await started(commands.find((row) => row.world === world && row.refused)!);
  const queue = [...commands];
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      for (let row = queue.shift(); row; row = queue.shift()) {
        const { code, stdout, stderr } = await (queue.length % 10 === 0 ? started(row) : judged(row));
        const said = `${row.world}: ${row.command} (${row.why}): ${code} ${stderr}`;
        if (stdout !== '' || (code !== 0 && code !== 2)) strange.push(said);
        else if (row.refused && code === 0) missed.push(said);
        else if (!row.refused && code !== 0) alarms.push(said);
        else if (row.refused && !stderr.includes(`refused this (${row.kind})`)) strange.push(said);
        else if (row.refused && !/\n {2}help: \S/.test(stderr)) strange.push(said);
      }
    }),
  );
  const grave = commands.filter(({ refused }) => refused).length;
  const harmless = commands.length - grave;
  const [recall, falseAlarms] = [(grave - missed.length) / grave, alarms.length / harmless];
  console.log(
    `guard: recall ${(100 * recall).toFixed(1)} % of ${grave}, false alarms ${(100 * falseAlarms).toFixed(1)} % of ${harmless}`,
  );
  for (const line of [...missed.map((each) => `missed ${each}`), ...alarms.map((each) => `alarm ${each}`)])
    console.log(line);
  equal(strange, []);
  ok(commands.length >= 400, 'at least 400 commands');
  ok(recall >= 0.97, `recall ${recall}`);
  ok(falseAlarms <= 0.02, `false alarms ${falseAlarms}`);
});
