import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo, hooksApart, projectRoot, Repo, run } from './support/world.ts';

const test = suite('backups: the page');
const page = readFileSync(join(projectRoot, 'docs/backups.md'), 'utf8');

/** The lines of a block of the page that has a word in it. */
const block = (word: string) =>
  [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!).find((text) => text.includes(word))!;

needing(
  test,
  missing,
  'three commands make the first proven backup, and by the page it is restored by hand',
  async () => {
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const identity = await generateX25519Identity();
    const production = await Cluster.create();
    await production.shop('shop');
    const { repo: made, keys } = guardedRepo({
      remote: false,
      hooks: false,
      more: `databases: { production: { url: DATABASE_URL } }
backups:
  production: { database: production, files: [uploads/, .env], encrypt: { to: [owners, "${await identityToRecipient(identity)}"] }, identity: BACKUP_IDENTITY, restoreInto: local }
`,
    });
    made.write('.git/info/exclude', 'node_modules\n.backups\nuploads\n.env\n');
    made.write('uploads/a.txt', 'a\n').write('.env', 'SECRET=1\n');
    const repo = new Repo(made.dir, {
      ...hooksApart,
      DATABASE_URL: production.url('shop', 'shop_reader'),
      BACKUP_IDENTITY: identity,
      XDG_STATE_HOME: folder('state'),
    });
    const commands = [...block('backup create').matchAll(/^npx git-protect (.*?)(?: +#.*)?$/gm)].map(
      ([, words]) => words!,
    );
    equal(commands, ['backup create', 'backup verify', 'backup status']);
    for (const words of commands) {
      const done = repo.protect(...words.split(' '));
      is(done.code, 0, `${words}\n${done.out}`);
    }
    // On the worst day there is a key, the files, and somebody else's machine.
    const [place, home] = [folder('worst'), folder('home')];
    mkdirSync(join(home, '.ssh'), { mode: 0o700 });
    copyFileSync(keys['lead']!.file, join(home, '.ssh/id_ed25519'));
    const names = readdirSync(join(repo.dir, '.backups'));
    for (const name of names) copyFileSync(join(repo.dir, '.backups', name), join(place, name));
    const [id] = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
    const url = new URL(production.url('shop', 'root'));
    const done = run(place, 'sh', ['-ec', block('pg_restore').replaceAll('shop_production_20261120T020000Z', id!)], {
      env: {
        HOME: home,
        PGHOST: url.hostname,
        PGPORT: url.port,
        PGUSER: url.username,
        PGPASSWORD: decodeURIComponent(url.password),
      },
    });
    is(done.code, 0, done.out);
    equal(await production.sql('shop_new', 'select count(*)::int as n from orders'), [{ n: 200 }]);
    is(readFileSync(join(place, 'restored/.env'), 'utf8'), 'SECRET=1\n');
    const digests = [...done.stdout.matchAll(/^([0-9a-f]{64}) /gm)].map(([, digest]) => digest!);
    is(digests.length, 2);
    for (const digest of digests) ok(done.stdout.split(digest).length > 2, 'both stand beside each other');
    match(page, 'age --decrypt -i KEY FILE.sql.gz.age | gunzip | mariadb shop_new');
  },
);
