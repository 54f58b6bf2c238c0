import {
  brief,
  choice,
  duration,
  type Field,
  type Form,
  list,
  map,
  object,
  type Schema,
  text,
} from '../model/schema.ts';
import { path, scalar, url } from './forms.ts';

/** The part of an environment of `deploy:` that `protect deploy` obeys: how it is shipped, watched and taken back. */

const optional = (schema: Schema, doc: string): Field => ({ schema, doc, defaultDoc: 'none' });

const command = (timeout: string): Schema =>
  brief('command', {
    command: { schema: text('a command'), required: true, doc: 'run by the shell, at the top of the repository' },
    timeout: { schema: duration, default: timeout, doc: 'how long it may take' },
  });

const share: Form = {
  kind: 'form',
  expected: 'a share such as 5%',
  pattern: /^\d{1,2}(\.\d{1,2})?%$/,
  read: (written) => (/^\d{1,2}(\.\d{1,2})?%$/.test(written) ? Number(written.slice(0, -1)) / 100 : undefined),
  write: (part: number) => `${Number((part * 100).toFixed(2))}%`,
};

const count = (min: number, max: number): Schema => ({ kind: 'integer', min, max });

const ready = object({
  tries: { schema: count(1, 1000), default: 5, doc: 'how often it is asked at most' },
  delay: { schema: duration, default: '3s', doc: 'the time between two tries' },
  wait: { schema: duration, default: '3s', doc: 'the time before the first one' },
  good: { schema: count(1, 100), default: 2, doc: 'how many good answers in a row it takes' },
});

const live = object({
  url: { schema: url, required: true, doc: 'what is asked, with GET; redirects are not followed' },
  status: { schema: count(100, 599), default: 200, doc: 'the HTTP status it answers with' },
  expect: { schema: map(scalar, 'a JSONPath', /^\$/), default: {}, doc: 'values by JSONPath in the JSON it answers' },
  commit: {
    schema: text('a JSONPath', /^\$/),
    required: true,
    doc: 'where the answer names the commit that runs: an old instance answers as well',
  },
  ready: { schema: ready, default: {}, doc: 'when the new commit counts as up' },
});

const watch = object({
  for: { schema: duration, default: '10m', doc: 'how long it is watched before it counts as live' },
  every: { schema: duration, default: '60s', doc: 'the time between two samples' },
  errorRate: { schema: share, default: '5%', doc: 'how many samples may be bad' },
  latency: { schema: duration, default: '2s', doc: 'what 95 % of the answers must stay within' },
  consecutive: { schema: count(1, 100), default: 3, doc: 'so many bad samples in a row end it at once' },
  grace: { schema: duration, default: '10s', doc: 'the time before the first sample' },
  minimum: { schema: count(1, 10_000), default: 5, doc: 'so many samples there must be' },
});

const service = text('the name of a service', /^[A-Za-z0-9][A-Za-z0-9@._-]{0,99}$/);

export const ship: Record<string, Field> = {
  run: optional(
    command('15m'),
    'ships it; `PROTECT_COMMIT`, `PROTECT_TAG` and `PROTECT_PREVIOUS` are in its environment',
  ),
  undo: optional(
    command('5m'),
    'brings `PROTECT_PREVIOUS` back; `release`: what `release.paths` held before is put back',
  ),
  undoCheck: optional(command('1m'), 'run before `run`: is the way back there?'),
  undoMigrations: {
    schema: choice('refuse', 'allow'),
    default: 'refuse',
    doc: '`refuse`: what brought migrations is not taken back without a person',
  },
  stop: optional(command('1m'), 'stops the service, for `undo: release`'),
  start: optional(command('1m'), 'starts it again'),
  backup: optional(text('the name of an environment of backups:'), 'a backup that is made before'),
  release: optional(
    object({
      paths: { schema: list(path), required: true, doc: 'what runs: put into an archive before each deploy' },
      into: { schema: path, default: '.releases', doc: 'the folder of the archives; not one that is served' },
      keep: { schema: count(1, 1000), default: 5, doc: 'how many that were live are kept' },
    }),
    'archives to go back to',
  ),
  live: optional(live, 'what says which commit runs, and that it is well'),
  watch: { schema: watch, default: {}, doc: 'the time after the deploy' },
  process: optional(
    object({
      pm2: optional(service, 'its name under pm2'),
      systemd: optional(service, 'its unit'),
      compose: optional(service, 'its service of Docker Compose'),
    }),
    'what runs it; restarts that grow fail the watch',
  ),
};
