// A backup is made, broken in three ways that are each found, proven, rotated, and restored by hand.
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { env, quietly, repo, step, write } from './stage.mjs';

const breaks = [
  ['cut short', 'truncate -s -1 "$f"', 'bytes, and was written with'],
  ['changed by one bit', 'printf X | dd of="$f" bs=1 seek=400 conv=notrunc status=none', 'its sha256 is another'],
  ['taken away', 'rm "$f"', 'is missing'],
];

/** Plays it in the shop. @param npm the environment in which packages are installed */
export async function backupDay(npm) {
  console.log('Uploads of customers are backed up: encrypted for the owner, and for a key that lies in a safe.\n');
  quietly(
    'npm',
    ['install', '--save-dev', '--silent', '--no-audit', '--no-fund', '--prefer-offline', 'age-encryption@0.3'],
    npm,
  );
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  env.BACKUP_IDENTITY = identity;
  write('.gitignore', 'node_modules\n.copies\nuploads\n');
  write('uploads/invoice.txt', 'Invoice 1\n'.repeat(2000));
  appendFileSync(
    join(repo, '.protectionrc'),
    `backups:\n  uploads: { files: [uploads/], encrypt: { to: [owners, "${await identityToRecipient(identity)}"] }, identity: BACKUP_IDENTITY, folder: .copies, keep: { daily: 7 } }\n`,
  );
  step(
    'What is backed up, and for whom, is policy.',
    'git add -A && npx git-protect approve --staged --reason "backups" --yes >/dev/null && git commit --quiet -m "chore: back up the uploads"',
    { code: 0 },
  );
  step('A backup is made, and read back.', 'npx git-protect backup create', { code: 0, says: 'not tested yet' });
  step('It counts for nothing yet.', 'npx git-protect backup status', { code: 1, says: 'BROKEN  a restore was tried' });
  const [name] = readdirSync(join(repo, '.copies')).filter((file) => file.endsWith('.age'));
  for (const [how, line, says] of breaks) {
    quietly('cp', [`.copies/${name}`, '../whole.age']);
    step(`A copy of it is ${how}. That is found.`, `f=.copies/${name}; ${line}; npx git-protect backup verify`, {
      code: 1,
      says,
    });
    quietly('cp', ['../whole.age', `.copies/${name}`]);
  }
  step('The whole one is proven.', 'npx git-protect backup verify', { code: 0, says: 'tested' });
  step('Now all holds, and nothing has to go.', 'npx git-protect backup status && npx git-protect backup prune', {
    code: 0,
    says: ['holds   the last proven restore', 'the newest tested one'],
  });
  write('../key.txt', `${identity}\n`);
  step(
    'On the worst day it is opened by the key from the safe.',
    `npx git-protect backup read .copies/${name} --key ../key.txt -o ../uploads.tar.gz && tar -tzf ../uploads.tar.gz`,
    { code: 0, says: 'uploads/invoice.txt' },
  );
}
