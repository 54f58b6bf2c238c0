import { userInfo } from 'node:os';
import { join } from 'node:path';
import { projectName } from '../backups/place.ts';
import type { DeployPlace } from '../deploys/place.ts';
import { webhookUnit } from '../deploys/webhook-unit.ts';
import { packageRoot } from '../install/plan.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { withDeploy } from './deploy-place.ts';
import type { Io } from './io.ts';
import { serve } from './listen-serve.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    port: { type: 'string', value: 'N', means: 'the port; 0: any free one, which is printed' },
    secret: {
      type: 'string',
      multiple: true,
      value: 'VARIABLE',
      means: 'the variable that holds the secret of the webhook (may repeat, during a rotation)',
    },
    host: { type: 'string', value: 'ADDRESS', means: 'the address to listen on; default: 127.0.0.1' },
    'print-unit': { type: 'boolean', means: 'only print a systemd unit that does this' },
  },
  example: 'npx git-protect listen --port 9000 --secret WEBHOOK_SECRET production',
} as const satisfies Usage;

/** Bytes below which a secret can be found by trying. */
const shortest = 16;

interface Order {
  readonly port: number;
  readonly host: string;
  /** Names of variables. */
  readonly secrets: readonly string[];
  readonly environment: string | undefined;
}

/** `protect listen`: a webhook that looks for something new when it is asked, and deploys it. It takes nothing from what is sent. */
export async function listen(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const order = readOrder(values, positionals[0]);
  if (values['print-unit'])
    return withDeploy(io, order.environment, silent, async (place) => printUnit(io, order, place));
  const secrets = order.secrets.map((name, index) => readSecret(io.env[name], index));
  // What is deployed has no business with them.
  const env = Object.fromEntries(Object.entries(io.env).filter(([name]) => !order.secrets.includes(name)));
  const inner = { ...io, env };
  const places: Pick<DeployPlace, 'name' | 'state'>[] = [];
  await withDeploy(inner, order.environment, silent, async ({ name, state }) => places.push({ name, state }));
  const { port, host } = order;
  return serve(inner, { port, host, secrets, ...places[0]! });
}

const silent = () => undefined;

function readOrder(
  {
    port,
    secret = [],
    host = '127.0.0.1',
  }: { port?: string | undefined; secret?: string[] | undefined; host?: string | undefined },
  environment: string | undefined,
): Order {
  if (port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new UsageError(port === undefined ? 'on which port?' : '--port is not a number up to 65535', usage.example);
  if (secret.length === 0)
    throw new UsageError('--secret is missing: the variable that holds the secret', usage.example);
  // What is no name may be the secret itself, so it is not repeated.
  if (!secret.every((name) => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)))
    throw new UsageError(
      '--secret takes the name of a variable, never a secret: the history of the shell keeps it',
      usage.example,
    );
  return { port: Number(port), host, secrets: [...new Set(secret)], environment };
}

function readSecret(value: string | undefined, index: number): Buffer {
  const secret = Buffer.from(value ?? '');
  const which = `the variable of --secret number ${index + 1}`;
  if (value === undefined)
    throw new UsageError(`${which} is not set`, 'set it in the environment, such as by EnvironmentFile=');
  if (/^\s|\s$/.test(value))
    throw new UsageError(`${which} begins or ends with white space, so no signature would fit`, 'set it without');
  if (secret.length < shortest)
    throw new UsageError(
      `${which} holds less than ${shortest} bytes, which can be guessed`,
      'openssl rand -hex 32 makes one',
    );
  return secret;
}

function printUnit(io: Io, { port, host, secrets }: Order, place: DeployPlace): number {
  const { name, topLevel, environment } = place;
  const { run, undo, watch } = environment;
  const way = undo === 'release' ? 600_000 : undo!.timeout;
  const more = host === '127.0.0.1' ? [] : ['--host', host];
  const flags = ['--port', String(port), ...more, ...secrets.flatMap((one) => ['--secret', one])];
  const { username } = userInfo();
  io.stdout.write(
    webhookUnit({
      project: projectName(place),
      environment: name,
      topLevel,
      user: username === 'root' ? 'deploy' : username,
      start: [process.execPath, join(packageRoot, 'dist/cli.js'), 'listen', ...flags, name],
      longest: Math.ceil((run!.timeout + watch.for + 2 * way) / 1000) + 1800,
    }),
  );
  return exitCode.pass;
}
