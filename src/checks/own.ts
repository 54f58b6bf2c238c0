import { showPath } from '../git/raw.ts';
import { type Check, type CheckSettings, type Finding, gates, type Problem, Undecided } from '../model/index.ts';
import { shortened } from '../words/shortened.ts';

/** A check of the user's own: an executable that gets the change as JSON and answers one finding a line. */
export function ownCheck(id: string, settings: CheckSettings): Check<'commands'> {
  const timeout = settings.timeout ?? 60_000;
  return {
    id,
    summary: `your own: ${settings.command!.join(' ')}`,
    gates: settings.on ?? gates.filter((gate) => gate !== 'commit-msg'),
    needs: ['commands'],
    weakenable: true,
    names: true,
    timeout: 0,
    docs: { since: '', why: '', fix: '' },
    async run({ change, gate, options, signal, commands }) {
      if (change.kind === 'delete') return { skipped: 'the ref is deleted' };
      const [tree, steps] = [await change.tree(), await change.steps()];
      const paths = steps.map(({ path, from, to }) => ({ path: showPath(path), from, to }));
      const input = JSON.stringify({
        version: 1,
        gate,
        options: options ?? null,
        change: { ref: change.ref, base: change.base, head: change.head, tree, paths },
      });
      const ran = await commands.run(settings.command!, { timeout, signal, input: `${input}\n` });
      if (ran.missing)
        throw new Undecided(
          `it could not be started: ${ran.missing}`,
          'check the path and the x bit, or fix checks: in the policy',
        );
      if (ran.timedOut) throw new Undecided(`it took longer than ${timeout / 1000} s and was stopped`);
      if (ran.stdout === null)
        throw new Undecided('it printed more than 16 MiB, so not all of it could be read', 'let it print less');
      const problems = parseFindings(ran.stdout);
      if (ran.exitCode === 0 && problems.length === 0) return [];
      if (ran.exitCode === 1 && problems.length > 0) return problems;
      throw new Undecided(
        `it ended with exit code ${ran.exitCode ?? 'none'} and ${problems.length} findings; 0 and none, or 1 and some, are answers`,
        ran.output.trim().split('\n').at(-1),
      );
    },
  };
}

/** One JSON object a line. @throws Undecided for a line that is anything else */
function parseFindings(stdout: string): Problem[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const finding = parseLine(line);
      if (!finding) throw new Undecided(`it printed a line that is not a finding: ${shortened(line, 120)}`);
      return finding;
    });
}

function parseLine(line: string): Problem | null {
  let raw: Partial<Record<keyof Finding, unknown>>;
  try {
    raw = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof raw !== 'object' || raw === null || typeof raw.message !== 'string' || raw.message === '') return null;
  const problem: Record<string, unknown> = { message: raw.message };
  for (const key of ['path', 'commit', 'ref', 'help'] as const) {
    if (raw[key] === undefined) continue;
    if (typeof raw[key] !== 'string') return null;
    problem[key] = raw[key];
  }
  if (raw.line !== undefined) {
    if (!Number.isInteger(raw.line)) return null;
    problem['line'] = raw.line;
  }
  if (raw.severity !== undefined) {
    if (raw.severity !== 'error' && raw.severity !== 'warning' && raw.severity !== 'note') return null;
    problem['severity'] = raw.severity;
  }
  return problem as unknown as Problem;
}
