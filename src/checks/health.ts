import {
  type Check,
  type Context,
  type HealthEndpoint,
  type HttpAnswer,
  type Problem,
  Undecided,
} from '../model/index.ts';
import type { JsonPath } from '../readers/settings/json-path.ts';
import { shortened } from '../words/shortened.ts';

/** Characters of an answer that a finding shows. */
const shown = 80;
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Asks what has to be healthy before a deploy. */
export const health: Check<'deploy'> = {
  id: 'health',
  summary: 'What has to be healthy answers as expected, and runs the commit that is deployed.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 0,
  docs: {
    since: '0.1.0',
    why: 'Nothing reaches production that staging has not run. Without the commit, an old version that is still up answers just as well.',
    fix: 'Look at what came back, fix the service, or deploy this commit to it first. Each endpoint is asked with GET, at most `tries` times with `delay` between; `within` is for the whole answer. A redirect is not followed and no proxy is used. Every value that a JSONPath of `expect` finds must be as expected, and there must be one; the answer must then be JSON, whatever type it claims.',
  },
  async run(context) {
    const endpoints = context.deploy.environment.health;
    if (endpoints.length === 0) return { skipped: 'no endpoint is configured' };
    const problems = await Promise.all(endpoints.map((endpoint) => ask(endpoint, context)));
    return problems.flat();
  },
};

async function ask(endpoint: HealthEndpoint, context: Context<'deploy'>): Promise<Problem[]> {
  const { signal, deploy } = context;
  const judge = await answerJudge(endpoint, deploy.commit);
  let fault = '';
  for (let left = endpoint.tries; left > 0; left--) {
    const found = await faultOnce(endpoint, judge, context);
    if (found === null) return [];
    fault = found;
    if (left > 1) await deploy.host.wait(endpoint.delay, signal);
  }
  const { name, url, tries } = endpoint;
  const { host, pathname } = new URL(url);
  return [
    {
      message: `${name} (${host}${shorten(pathname)})${tries > 1 ? ` after ${tries} tries` : ''}: ${fault}`,
      help: `fix ${name}, or deploy ${deploy.commit.slice(0, 12)} there first`,
    },
  ];
}

/** What is wrong with one answer, or null. */
async function faultOnce(
  { url, within, status }: HealthEndpoint,
  judge: (body: string) => string | null,
  { deploy, signal }: Context<'deploy'>,
): Promise<string | null> {
  let answer: HttpAnswer;
  try {
    answer = await deploy.host.get(url, within, signal);
  } catch (error) {
    if (signal.aborted) throw new Undecided('it was interrupted');
    return (error as Error).message;
  }
  if (answer.status === status) return judge(answer.body);
  const leads = answer.location === null ? '' : ` and leads to ${place(answer.location, url)}`;
  return `answers ${answer.status}${leads}, expected ${status}${answer.location === null ? excerpt(answer.body) : ''}`;
}

/** Judges bodies. @throws Undecided for a JSONPath that is none */
async function answerJudge(
  { expect, commit }: HealthEndpoint,
  deployed: string,
): Promise<(body: string) => string | null> {
  const wanted = await Promise.all(
    Object.entries(expect).map(async ([path, value]) => ({ path, value, find: await compiled(path) })),
  );
  const running = commit === null ? null : { path: commit, find: await compiled(commit) };
  if (wanted.length === 0 && running === null) return () => null;
  const { readJson } = await import('../readers/settings/json.ts');
  return (body) => {
    try {
      const text = body.replace(/^\ufeff/, '');
      JSON.parse(text); // The reader of settings takes comments too; it refuses a key that is there twice.
      const { value } = readJson(text);
      for (const { path, value: expected, find } of wanted) {
        const fault = valueFault(
          path,
          find(value).map((match) => match.value),
          expected,
        );
        if (fault !== null) return fault;
      }
      return (
        running &&
        commitFault(
          running.path,
          running.find(value).map((match) => match.value),
          deployed,
        )
      );
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const why = error.name === 'Unreadable' ? `JSON that ${shorten(error.message)}` : 'what is not JSON';
      return `answers with ${why}${excerpt(body)}`;
    }
  };
}

async function compiled(path: string): Promise<JsonPath> {
  const { compilePath } = await import('../readers/settings/json-path.ts');
  try {
    return await compilePath(path);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Undecided(`'${path}' is not a JSONPath: ${error.message}`, 'correct it under deploy: in the policy');
  }
}

function valueFault(
  path: string,
  found: readonly unknown[],
  expected: HealthEndpoint['expect'][string],
): string | null {
  if (found.length === 0) return `has nothing at ${path}, expected ${JSON.stringify(expected)}`;
  const other = found.findIndex((value) => value !== expected);
  return other < 0 ? null : `has ${show(found[other])} at ${path}, expected ${JSON.stringify(expected)}`;
}

/** Names the commit by its id, or by an abbreviation of it. */
function commitFault(path: string, found: readonly unknown[], deployed: string): string | null {
  const expected = `expected ${deployed.slice(0, 12)}`;
  if (found.length === 0) return `names no commit at ${path}, ${expected}`;
  const names = (value: unknown) =>
    typeof value === 'string' && /^[0-9a-f]{7,64}$/i.test(value) && deployed.startsWith(value.toLowerCase());
  const other = found.findIndex((value) => !names(value));
  return other < 0 ? null : `runs ${show(found[other])} by ${path}, ${expected}`;
}

function show(value: unknown): string {
  return shorten(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value));
}

function excerpt(body: string): string {
  const line = shorten(body.slice(0, 10_000).replace(/\s+/g, ' ').trim());
  return line === '' ? ', with an empty body' : `: ${line}`;
}

/** Where a redirect leads; what stands behind `?` may be a secret. */
function place(location: string, base: string): string {
  if (!URL.canParse(location, base)) return 'no address';
  const { protocol, host, pathname } = new URL(location, base);
  return shorten(`${protocol}//${host}${pathname}`);
}

/** What nobody would see is shown as a replacement character, so that what is told stays short. */
function shorten(text: string): string {
  return shortened(text.replace(hidden, '\ufffd'), shown);
}
