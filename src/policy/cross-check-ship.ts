import type { RawEnvironment, RawPolicy, Tell } from './raw.ts';

/** Checks what belongs together for `protect deploy`. */
export function crossCheckShip(raw: RawPolicy, tell: Tell): void {
  for (const [name, environment] of Object.entries(raw.deploy)) {
    const path = `deploy.${name}`;
    if (environment.backup !== undefined && !Object.hasOwn(raw.backups, environment.backup))
      tell(`${path}.backup`, `'${environment.backup}' is not under backups:`);
    if (environment.process && Object.keys(environment.process).length !== 1)
      tell(`${path}.process`, 'names one of pm2, systemd and compose');
    checkWay(environment, path, tell);
    checkTimes(environment, path, tell);
  }
}

/** Nothing is shipped that nobody could see arrive, or that could not be taken back. */
function checkWay(raw: RawEnvironment, path: string, tell: Tell): void {
  const { run, undo, live, release } = raw;
  if (run === undefined) {
    for (const key of ['undo', 'undoCheck'] as const)
      if (raw[key] !== undefined) tell(`${path}.${key}`, 'belongs to run, which is missing');
    return;
  }
  if (live === undefined) tell(`${path}.run`, 'needs live: what says which commit runs, and that it is well');
  if (undo === undefined) tell(`${path}.run`, 'needs undo: a command, or release');
  if (undo?.command !== 'release') return;
  if (release === undefined) tell(`${path}.undo`, 'release needs release.paths: what is put back');
  const restarts = raw.process !== undefined || (raw.stop !== undefined && raw.start !== undefined);
  if (!restarts) tell(`${path}.undo`, 'release needs process, or stop and start: what is put back must not be running');
}

function checkTimes({ live, watch }: RawEnvironment, path: string, tell: Tell): void {
  if (live && live.ready.good > live.ready.tries)
    tell(`${path}.live.ready`, `asks for ${live.ready.good} good answers in ${live.ready.tries} tries`);
  const samples = Math.floor(watch.for / watch.every) + 1;
  if (samples < watch.minimum)
    tell(`${path}.watch`, `takes ${samples} samples, and minimum asks for ${watch.minimum}: it could never pass`);
}
