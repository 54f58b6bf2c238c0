import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copyRepo, environment, type Key, makeKey, newRepo, policyText, type Repo } from '../support/world.ts';
import type { World } from './commands.ts';

/** What the policy of these repositories says besides owners and files. */
const more = `
files:
  - { paths: [server/pay.ts], risk: critical, reason: Payments }
  - { paths: [config/], risk: high }
tags: { "v*": {} }
targets: { production: { hosts: [app.example.com], ports: [4545] } }
deploy: { production: { environment: { file: .env.production } } }
guard:
  allow:
    - { command: npx prisma migrate reset --schema test.prisma, where: test, reason: made anew for every run }
    - { command: docker compose -f test.yml down -v *, where: anywhere, reason: the database of the tests }
`;

const change = `--- a/server/pay.ts
+++ b/server/pay.ts
@@ -1 +1 @@
-export const fee = 1;
+export const fee = 2;
`;

const other = `--- a/src/a.ts
+++ b/src/a.ts
@@ -1 +1 @@
-a
+b
`;

export type Worlds = Readonly<Record<World, Repo>> & {
  readonly env: NodeJS.ProcessEnv;
  readonly keys: Readonly<Record<string, Key>>;
};

/** A repository for each world of the table. */
export function worlds(): Worlds {
  const keys = { lead: makeKey('lead') };
  const main = newRepo({ install: false });
  main.write('.git/info/exclude', 'node_modules\ndist\ncoverage\n*.log\n');
  const policy = policyText(keys, more).replace('branches: { main: {} }', 'branches: { main: {}, "release/*": {} }');
  main.commit('chore: start', {
    'server/pay.ts': 'export const fee = 1;\n',
    'config/app.json': '{}\n',
    'src/a.ts': 'a\n',
    'a.ts': 'a\n',
    'old.ts': 'a\n',
    'change.patch': change,
    'other.patch': other,
    'drop.sql': 'DROP TABLE users;\n',
    'tools/skip.sh': '#!/bin/sh\ngit commit --no-verify "$@"\n',
    'scripts/build.sh': '#!/bin/sh\nset -e\nnpx tsc\ncp -r static dist\n',
    '.husky/pre-commit': 'npm test\n',
    '.claude/settings.json': '{}\n',
    '.env.example': 'DATABASE_URL=\n',
    'package.json': JSON.stringify({
      name: 'x',
      scripts: {
        skip: 'git commit --no-verify',
        test: 'node --test',
        build: 'tsc',
        migrate: 'node migrate.js',
        'reset-db': 'prisma migrate reset --force',
      },
    }),
    '.protectionrc': policy,
  });
  main.git('config', 'alias.st', 'status');
  main.git('config', 'alias.nv', 'commit --no-verify');
  main.git('config', 'alias.yolo', '!git commit -n -m x');
  main.git('config', 'core.hooksPath', '.husky/_');
  main.git('config', 'remote.origin.url', 'https://example.com/x.git');
  main.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  main.write('.git/refs/remotes/origin/HEAD', 'ref: refs/remotes/origin/main\n');
  mkdirSync(join(main.dir, 'node_modules/x'), { recursive: true });
  symlinkSync('server/pay.ts', join(main.dir, 'link.ts'));
  main.git('add', 'link.ts');
  main.commit('chore: link');
  main.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  main.git('branch', 'topic2');
  const clean = copyRepo(main);
  main.git('branch', 'topic');
  clean.git('checkout', '-q', '-b', 'topic');
  clean.commit('feat: b', { 'src/b.ts': 'b\n' });
  const work = copyRepo(clean);
  work.write('src/b.ts', 'aside\n').git('stash');
  work.write('src/a.ts', 'changed\n').write('new.txt', 'new\n').write('notes/a.md', 'new\n');
  return { main, clean, work, env: environment(), keys };
}
