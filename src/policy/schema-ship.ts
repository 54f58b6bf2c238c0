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
  tries: { schema: count(1, 1000), default: 5, doc: 'how often it is requested at most' },
  delay: { schema: duration, default: '3s', doc: 'the time between two tries' },
  wait: { schema: duration, default: '3s', doc: 'the time before the first one' },
  good: { schema: count(1, 100), default: 2, doc: 'how many good answers in a row are needed' },
});

const live = object({
  url: { schema: url, required: true, doc: 'requested with GET; redirects are not followed' },
  status: { schema: count(100, 599), default: 200, doc: 'the expected HTTP status' },
  expect: {
    schema: map(scalar, 'a JSONPath', /^\$/),
    default: {},
    doc: 'expected values in the JSON answer, by JSONPath',
  },
  commit: {
    schema: text('a JSONPath', /^\$/),
    required: true,
    doc: 'where the answer names the running commit, as an old instance answers too',
  },
  ready: { schema: ready, default: {}, doc: 'when the new commit counts as up' },
});

const watch = object({
  for: { schema: duration, default: '10m', doc: 'how long it is watched before it counts as live' },
  every: { schema: duration, default: '60s', doc: 'the time between two samples' },
  errorRate: { schema: share, default: '5%', doc: 'how many samples may be bad' },
  latency: { schema: duration, default: '2s', doc: 'the time within which 95 % of the answers must come' },
  consecutive: { schema: count(1, 100), default: 3, doc: 'so many bad samples in a row end the watch at once' },
  grace: { schema: duration, default: '10s', doc: 'the time before the first sample' },
  minimum: { schema: count(1, 10_000), default: 5, doc: 'how many samples are needed' },
});

const service = text('the name of a service', /^[A-Za-z0-9][A-Za-z0-9@._-]{0,99}$/);

export const ship: Record<string, Field> = {
  run: optional(
    command('15m'),
    'deploys; `PROTECT_COMMIT`, `PROTECT_TAG` and `PROTECT_PREVIOUS` are in its environment',
  ),
  undo: optional(command('5m'), 'brings `PROTECT_PREVIOUS` back; `release`: restores what `release.paths` held before'),
  undoCheck: optional(command('1m'), 'runs before `run`; checks that there is a way back'),
  undoMigrations: {
    schema: choice('refuse', 'allow'),
    default: 'refuse',
    doc: '`refuse`: a deploy with migrations is not undone without a person',
  },
  stop: optional(command('1m'), 'stops the service, for `undo: release`'),
  start: optional(command('1m'), 'starts the service again'),
  backup: optional(text('the name of an environment of backups:'), 'a backup of it is made before the deploy'),
  release: optional(
    object({
      paths: { schema: list(path), required: true, doc: 'what runs; archived before each deploy' },
      into: { schema: path, default: '.releases', doc: 'the folder of the archives; it must not be served' },
      keep: { schema: count(1, 1000), default: 5, doc: 'how many archives of releases that were live are kept' },
    }),
    'archives to go back to',
  ),
  live: optional(live, 'what reports which commit runs, and that it is healthy'),
  watch: { schema: watch, default: {}, doc: 'the time after the deploy' },
  process: optional(
    object({
      pm2: optional(service, 'its name in pm2'),
      systemd: optional(service, 'its systemd unit'),
      compose: optional(service, 'its Docker Compose service'),
    }),
    'what runs it; the watch fails if restarts increase',
  ),
};
