import { type Check, type Context, type Problem, type ShownCertificates, Undecided } from '../model/index.ts';

/** Milliseconds. */
const [day, within] = [864e5, 10_000];

/** Looks at the certificates that servers show. */
export const certificates: Check<'deploy'> = {
  id: 'certificates',
  summary: 'The certificates of the named servers are trusted, and stay valid long enough.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'A certificate that expires takes down everything behind it, on a date that was known for months. Before a deploy, somebody is there to renew it.',
    fix: 'Renew what the report names, and check that the server presents the new one. Each server is asked once over TLS, as `host` or `host:port`, without a proxy: its certificate must be for that name, signed by an authority that this machine trusts (`NODE_EXTRA_CA_CERTS` for your own), and valid for `days` more. A certificate of the chain that expires sooner is a warning. A server that cannot be reached is not judged.',
  },
  async run(context) {
    const { certificates: wanted } = context.deploy.environment;
    if (wanted.length === 0) return { skipped: 'no server is configured' };
    const seen = await Promise.all(wanted.map((each) => look(each, context)));
    const problems = seen.flatMap(({ found }) => found);
    const missed = seen.flatMap(({ unseen }) => (unseen === null ? [] : [unseen]));
    if (missed.length > 0 && problems.every(({ severity }) => severity === 'warning'))
      throw new Undecided(missed.join('; '), 'see that it can be reached from here, and run it again');
    return [...problems, ...missed.map((message) => ({ message, help: 'see that it can be reached from here' }))];
  },
};

interface Seen {
  readonly found: readonly Problem[];
  /** Why nothing was seen; null: something was. */
  readonly unseen: string | null;
}

async function look(
  { host, days }: { readonly host: string; readonly days: number },
  { deploy, now, signal }: Context<'deploy'>,
): Promise<Seen> {
  const [name, port] = host.split(':');
  let shown: ShownCertificates;
  try {
    shown = await deploy.host.certificates(name!, Number(port ?? 443), within, signal);
  } catch (error) {
    if (signal.aborted) throw new Undecided('it was interrupted');
    return { found: [], unseen: `the certificate of ${host} could not be looked at: ${(error as Error).message}` };
  }
  return { found: judge(host, days, shown, now.getTime()), unseen: null };
}

function judge(host: string, days: number, { fault, chain }: ShownCertificates, now: number): Problem[] {
  const [own, ...above] = chain;
  const help = 'renew it, and see that the server shows the new one';
  if (own !== undefined && own.to <= now)
    return [{ message: `the certificate of ${host} has expired ${since(now - own.to)} (${date(own.to)})`, help }];
  if (own !== undefined && own.from > now)
    return [{ message: `the certificate of ${host} holds from ${date(own.from)} on only`, help }];
  if (own === undefined || fault !== null)
    return [{ message: `${host}: ${fault ?? 'it shows no certificate'}`, help: `fix what ${host} shows` }];
  const soon = (to: number) => to - now < days * day;
  const ends = (to: number) => `ends on ${date(to)}, in ${count((to - now) / day)}; ${count(days)} are asked for`;
  const problems: Problem[] = soon(own.to) ? [{ message: `the certificate of ${host} ${ends(own.to)}`, help }] : [];
  for (const { subject, to } of above)
    if (to > now && soon(to))
      problems.push({ message: `${subject}, which vouches for ${host}, ${ends(to)}`, severity: 'warning' });
  return problems;
}

const date = (time: number): string => new Date(time).toISOString().slice(0, 10);
const since = (milliseconds: number): string => (milliseconds < day ? 'today' : `${count(milliseconds / day)} ago`);

function count(days: number): string {
  const whole = Math.floor(days);
  return whole === 1 ? '1 day' : `${whole} days`;
}
