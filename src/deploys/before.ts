import { createBackup } from '../backups/create.ts';
import { backupPlace } from '../backups/place.ts';
import { listBackups } from '../backups/store.ts';
import { uploadAll } from '../backups/upload.ts';
import { type Oid, Refused, type ShellCommand, Undecided } from '../model/index.ts';
import { ago } from '../words/ago.ts';
import { type Journal, lastLive } from './journal.ts';
import type { DeployPlace } from './place.ts';
import { runStep } from './run-step.ts';
import { whatRuns } from './sample.ts';
import { switchOf } from './supervisor.ts';

/** What has to be so before a deploy changes anything. */

/** @throws Undecided where an earlier one stands open */
export function refuseOpen(place: DeployPlace, open: Journal | null): void {
  if (open === null) return;
  const how = open.state === 'stuck' ? 'failed and could not be taken back' : 'was cut off';
  throw new Undecided(
    `the ${open.begun.kind} of ${open.begun.commit.slice(0, 12)} ${how}, and nobody has said what stands`,
    `npx git-protect deploy resume ${place.name}`,
  );
}

/** What runs now: what the journal says, unless the service says otherwise. */
export async function previousOf(
  place: DeployPlace,
  all: readonly Journal[],
  noted: (text: string) => void,
): Promise<Oid | ''> {
  const known = lastLive(all)?.begun.commit ?? '';
  const { commit, fault } = await whatRuns(place.environment.live!, place.now, place.signal);
  if (commit === null) {
    const { host } = new URL(place.environment.live!.url);
    noted(`${host} does not say what runs now: ${fault ?? 'it names no commit'}`);
    return known;
  }
  if (fault !== null) noted(`what runs now is not well: ${fault}`);
  if (known === '' || known.startsWith(commit)) return known;
  throw new Undecided(
    `${commit.slice(0, 12)} runs in ${place.name}, and ${known.slice(0, 12)} was deployed last: somebody changed it`,
    `npx git-protect deploy resume ${place.name}  # watches what runs, and writes it down`,
  );
}

/** A command that is not there is found before the backup, and not after it. */
export async function refuseMissing(place: DeployPlace, journal: Journal, command: string): Promise<void> {
  const word = /^\s*([\w./-]+)(?:\s|$)/.exec(command)?.[1];
  if (word === undefined) return;
  const looked = await runStep(
    place,
    journal,
    'look for run',
    // Some shells find a file by its path that nobody may run.
    {
      command: word.includes('/') ? `test -f ${word} -a -x ${word}` : `command -v -- ${word} >/dev/null`,
      timeout: 30_000,
    },
    place.signal,
  );
  if (looked !== null) throw new Undecided(`run: ${word} is not there, or cannot be run`, 'correct deploy.run');
}

/** Makes a backup of the environment, and says how much older the newest proven one is. @throws Refused when it is suspect */
export async function makeBackup(place: DeployPlace, name: string): Promise<string> {
  const backups = backupPlace(place, name, (await place.repository.head()).commit);
  const options = { issue: null, smaller: false, recipientsChanged: false, locked: name === place.name };
  const manifest = await createBackup(backups, options);
  if (manifest.state === 'suspect') throw new Refused(`the backup is suspect: ${manifest.doubts.join('; ')}`);
  const held = await uploadAll(backups, manifest);
  const proven = (await listBackups(backups.folder, name)).find(({ testedAt }) => testedAt !== null);
  const age = Date.parse(manifest.createdAt) - Date.parse(proven?.manifest.createdAt ?? '');
  const tested = proven === undefined ? 'none was restored yet' : `the newest that was restored is ${ago(age)} older`;
  return [manifest.id, ...held.map((one) => `${one} holds it too`), tested].join(', ');
}

/** What changes the environment: `run`, or what starts the service anew. @throws Undecided where the policy does not say */
export function commandOf(place: DeployPlace, kind: 'deploy' | 'restart'): ShellCommand {
  const { run, stop, start } = place.environment;
  if (kind === 'deploy') return run!;
  if (stop !== null && start !== null)
    return { command: `${stop.command}\n${start.command}`, timeout: stop.timeout + start.timeout };
  const restart = switchOf(place, 'restart');
  if (restart !== null) return restart;
  throw new Undecided(`the policy does not say how ${place.name} is restarted`, 'name process, or stop and start');
}
