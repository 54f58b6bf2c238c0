import {
  type Check,
  type Context,
  type HealthEndpoint,
  type HttpAnswer,
  type Problem,
  Undecided,
} from '../model/index.ts';
import { answerJudge, excerpt, shorten } from '../readers/health-answer.ts';

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
    why: 'Nothing reaches production that has not run on staging. If the commit is not compared, an old version that is still up answers just as well.',
    fix: 'Look at what came back, fix the service, or deploy this commit to it first. Each endpoint is requested with GET, at most `tries` times with `delay` between; `within` is for the whole answer. Redirects are not followed and no proxy is used. Every value that a JSONPath of `expect` finds must be as expected, and there must be at least one; the answer must then be JSON, whatever content type it claims.',
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

/** Where a redirect leads; what stands behind `?` may be a secret. */
function place(location: string, base: string): string {
  if (!URL.canParse(location, base)) return 'no address';
  const { protocol, host, pathname } = new URL(location, base);
  return shorten(`${protocol}//${host}${pathname}`);
}
