import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { parsePolicy } from '../src/policy/parse.ts';
import { writtenPolicy } from '../src/policy/written.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, projectRoot } from './support/world.ts';

const test = suite('policy-deploy');

test('every section is printed as it is written in the file', () => {
  const example = parsePolicy(readFileSync(join(projectRoot, '.protectionrc.example'), 'utf8'), 'P');
  const printed = JSON.stringify(writtenPolicy(example));
  equal(parsePolicy(printed, 'P'), example);
});

test('policy show prints hours, sizes and durations as people write them', () => {
  const more = `deploy:
  production:
    window: { days: [mon], hours: "09:05-24:00" }
    disk: { free: 1500MB }
    backups: { folder: .backups, maxAge: 90m }
    health: [{ name: staging, url: "https://staging.example/health", within: 90s }]`;
  const { repo } = guardedRepo({ more });
  const shown = repo.protect('policy', 'show');
  const { production } = JSON.parse(shown.stdout.slice(shown.stdout.indexOf('\n'))).deploy;
  is(production.window.hours, '09:05-24:00');
  is(production.disk.free, '1500MB');
  is(production.backups.maxAge, '90m');
  is(production.health[0].within, '90s');
  is(production.health[0].delay, '3s');
  repo.write('.protectionrc', shown.stdout);
  is(repo.protect('policy', 'check').code, 0, repo.protect('policy', 'check').out);
});

const unreadable = `settings:
  - { file: a.yaml, at: "$.[", equals: 1 }
  - { file: b.yaml, pattern: "(?=x)", equals: 1 }
deploy:
  production:
    health:
      - name: staging
        url: https://staging.example/health
        expect: { "$[": ok }
        commit: "$..["`;

test('a JSONPath or a pattern that cannot be read is told with its line, by policy check and by the gates', () => {
  const { repo } = guardedRepo();
  repo.write('.protectionrc', `${repo.read('.protectionrc')}${unreadable}\n`);
  const line = (part: string) =>
    repo
      .read('.protectionrc')
      .split('\n')
      .findIndex((one) => one.includes(part)) + 1;
  const said = repo.protect('policy', 'check');
  is(said.code, 2);
  match(said.out, `.protectionrc:${line('a.yaml')}: settings[0].at: '$.[' cannot be read: `);
  match(said.out, `.protectionrc:${line('b.yaml')}: settings[1].pattern: '(?=x)' cannot be read: `);
  match(said.out, `.protectionrc:${line('expect:')}: deploy.production.health[0].expect.$[: '$[' cannot be read: `);
  match(said.out, `.protectionrc:${line('commit:')}: deploy.production.health[0].commit: '$..[' cannot be read: `);
  repo.git('add', '.protectionrc');
  const refused = repo.protect('hook', 'pre-commit');
  is(refused.code, 1, refused.out);
  match(refused.out, `error[policy] .protectionrc:${line('b.yaml')}: settings[1].pattern`);
});

test('policy check warns of sections that look at nothing, and of a branch that anybody may rewrite', () => {
  const more = `settings:
  - { file: render.yaml, at: "$.a", equals: 1 }
  - { files: "**/*.py", pattern: 'a=(\\d)', equals: 1 }
  - { file: src/there.json, at: "$.a", equals: 1 }
migrations:
  - { folder: drizzle, tool: drizzle, schema: [db/schema.ts, src/*.json] }
  - { folder: db, tool: plain }
deploy:
  production: { branch: release, coverage: { report: c.json, minimums: { "api/**": 90, "src/**": 80 } } }
  staging: { branch: main }`;
  const { repo } = guardedRepo({ more, files: { 'src/there.json': '{"a":1}\n', 'db/1.sql': 'SELECT 1;\n' } });
  const { code, out } = repo.protect('policy', 'check');
  is(code, 0, out);
  for (const told of [
    'settings[0] (render.yaml) names no tracked file',
    'settings[1] (**/*.py) names no tracked file',
    'migrations[0] (drizzle) holds no tracked file that is a migration of drizzle',
    'migrations[0].schema (db/schema.ts) matches no tracked file',
    'deploy.production.coverage.minimums (api/**) matches no tracked file',
    'deploy.production deploys release, which is not protected: list it under branches:',
  ])
    match(out, `warning: ${told}\n`);
  for (const fine of ['settings[2]', 'src/*.json', 'migrations[1]', '(src/**)', 'deploy.staging'])
    is(out.includes(fine), false, fine);
  match(repo.protect('doctor').out, 'deploy.production deploys release, which is not protected');
});
