import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Draw, seeded } from './support/secret-corpus.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, type Repo } from './support/world.ts';

hooksStay();
const test = suite('no-secrets');
const drawn = (seed: number) => new Draw(seeded(seed)).of('abcdefghijkmnopqrstuvwxyzABCDEFGH23456789', 24);
const stripe = (seed: number) => `sk_${'live'}_${drawn(seed)}`;

function stage(repo: Repo, files: Record<string, string | Buffer>): Repo {
  for (const [path, content] of Object.entries(files)) repo.write(path, content);
  repo.git('add', '-A');
  return repo;
}

/** What the check said at pre-commit. */
function judged(repo: Repo) {
  const result = repo.protect('hook', 'pre-commit', '--format', 'json');
  const outcome = JSON.parse(result.stdout).outcomes.find(({ check }: { check: string }) => check === 'no-secrets');
  return { code: result.code, outcome, findings: outcome.findings as Record<string, string>[] };
}

test('a key is refused at pre-commit, and no format tells it', () => {
  const { repo } = guardedRepo();
  const key = stripe(1);
  stage(repo, { 'src/a.ts': `export const pay = '${key}';\n` });
  is(repo.tryGit('commit', '-qm', 'feat: pay').code, 1);
  for (const format of ['text', 'json', 'github', 'sarif', 'markdown']) {
    const result = repo.protect('hook', 'pre-commit', '--format', format);
    is(result.code, 1, result.out);
    match(result.out, /Stripe secret key/);
    not.match(result.out, key.slice(4, 14));
  }
});

test('a token that the library knows is refused, and nothing it says is told', () => {
  const { repo } = guardedRepo();
  const key = `fi${'gd'}_${drawn(9)}${drawn(10)}`;
  stage(repo, { 'src/a.ts': `// secretlint-disable\nexport const design = '${key}';\n` });
  const { code, findings } = judged(repo);
  equal([code, findings.length, findings[0]!['line']], [1, 1, 2]);
  match(findings[0]!['message']!, /^holds a secret: Figma token, it starts with 'figd'$/);
  not.match(JSON.stringify(findings), key.slice(4, 14));
});

test('the library is loaded only for what starts like one of its tokens', () => {
  const { repo } = guardedRepo();
  const loads = (content: string) => {
    stage(repo, { 'src/a.ts': content });
    const scripts = folder();
    repo.protectWith({ env: { NODE_V8_COVERAGE: scripts } }, 'hook', 'pre-commit');
    const loaded = readdirSync(scripts).map((name) => readFileSync(join(scripts, name), 'utf8'));
    ok(loaded.some((text) => /"url":"[^"]*\/cli\.js"/.test(text)));
    return loaded.some((text) => /"url":"[^"]*\/@secretlint\//.test(text));
  };
  is(loads(`export const [hf_, pay] = [dapi, '${stripe(9)}'];\n`), false);
  is(loads(`export const design = 'fi${'gd'}_${drawn(9)}${drawn(10)}';\n`), true);
});

test('a clean commit is silent', () => {
  const { repo } = guardedRepo();
  stage(repo, { 'src/a.ts': 'export const a = 1;\n' });
  const done = repo.tryGit('commit', '-qm', 'feat: a');
  equal([done.code, done.out], [0, '']);
});

test('values of .env: pasted, in base64 and URL-encoded; those of the example pass', () => {
  const { repo } = guardedRepo();
  const value = 'correct horse/battery staple';
  repo.write('.git/info/exclude', 'node_modules\n.env\n');
  repo
    .write('.env', `SIGNING="${value}"\nSHOWN=shown-in-the-example\n`)
    .write('.env.example', 'SHOWN=shown-in-the-example\n');
  stage(repo, { 'src/b.ts': "const a = 'shown-in-the-example';\n" });
  is(judged(repo).code, 0);
  for (const form of [value, encodeURIComponent(value), Buffer.from(`ab${value}`).toString('base64')]) {
    stage(repo, { 'src/a.ts': `const a = '${form}';\n` });
    const { code, findings } = judged(repo);
    is(code, 1);
    match(findings[0]!['message']!, /value of SIGNING/);
  }
});

test('what a .env file holds that has landed is known to everybody; what it holds besides is looked for', () => {
  const { repo } = guardedRepo();
  repo.commit('chore: past the hooks', { '.env': 'PROJECT_NAME="Full Stack Shop Project"\n' });
  repo.publish();
  repo.write('.env', 'PROJECT_NAME="Full Stack Shop Project"\nSIGNING="correct horse/battery staple"\n');
  repo.write('docs/a.md', '# Full Stack Shop Project\n').git('add', 'docs');
  is(judged(repo).code, 0);
  repo.write('docs/a.md', 'correct horse/battery staple\n').git('add', 'docs');
  const { code, findings } = judged(repo);
  is(code, 1);
  match(findings[0]!['message']!, /value of SIGNING/);
});

test('a .env file that cannot be judged leaves the check undecided, and a folder of that name is none', () => {
  const { repo } = guardedRepo({ more: 'deploy: { production: { environment: { file: settings/prod } } }' });
  repo.write('settings/prod/readme.txt', 'x\n').write('src/a.ts', '1\n').git('add', '-A');
  is(repo.protect('hook', 'pre-commit').code, 0, 'a folder');
  repo.write('.env', `A=${'x'.repeat(1 << 20)}`);
  const { code, out } = repo.protect('hook', 'pre-commit');
  is(code, 3, out);
  match(out, '.env is 1048578 bytes, too large for a file of variables');
});

test('a large file is not searched, a binary one for keys and tokens only, and that is said', () => {
  const { repo } = guardedRepo();
  const key = stripe(2);
  const named = Buffer.from(`\0password = '${'Tr0ub4dor&3xyz!'}'\n`);
  stage(repo, { 'a.bin': named, 'b.txt': `${key}\n`.padEnd(50 << 20, 'x'), 'c.png': Buffer.from('\0png') });
  const { code, findings } = judged(repo);
  is(code, 0);
  equal(
    findings.map(({ severity, message }) => [severity, message]),
    [
      ['note', 'not searched for secrets, because larger than 1 MiB: b.txt'],
      ['note', 'searched for keys and tokens only, because binary: a.bin'],
    ],
  );
  stage(repo, { 'k.ts': Buffer.from(`const a = '${key}';\n// \0\n`) });
  const found = judged(repo);
  equal([found.code, found.findings[0]!['path'], found.findings[0]!['line']], [1, 'k.ts', 1]);
  const strict = guardedRepo({ more: 'checks: { no-secrets: { options: { binary: refuse } } }' }).repo;
  is(judged(stage(strict, { 'a.bin': Buffer.from('\0\x01\x02') })).code, 1);
});

test('UTF-16 and UTF-32 are text, with a byte order mark or without', () => {
  const { repo } = guardedRepo();
  const text = `const a = '${stripe(3)}';\n`;
  const wide = (unit: 2 | 4, big: boolean, mark: boolean) =>
    Buffer.concat(
      [...(mark ? '\ufeff' : ''), ...text].map((character) => {
        const bytes = Buffer.alloc(unit);
        const code = character.codePointAt(0)!;
        if (unit === 2) big ? bytes.writeUInt16BE(code) : bytes.writeUInt16LE(code);
        else big ? bytes.writeUInt32BE(code) : bytes.writeUInt32LE(code);
        return bytes;
      }),
    );
  for (const unit of [2, 4] as const)
    for (const big of [false, true])
      for (const mark of [false, true]) {
        const path = `src/${unit}${big}${mark}.ts`;
        stage(repo, { [path]: wide(unit, big, mark) });
        ok(
          judged(repo).findings.some((finding) => finding['path'] === path),
          path,
        );
      }
});

test('UTF-16 with a byte order mark is text', () => {
  const { repo } = guardedRepo();
  stage(repo, { 'a.ps1': Buffer.from(`\ufeff$key = '${stripe(3)}'\r\n`, 'utf16le') });
  is(judged(repo).code, 1);
});

test('an old secret in a changed file is told and does not refuse; in a renamed one it does', () => {
  const { repo } = guardedRepo({ files: { 'src/old.ts': `const a = '${stripe(4)}';\n` } });
  stage(repo, { 'src/old.ts': `// more\nconst a = '${stripe(4)}';\n` });
  const { code, findings } = judged(repo);
  equal([code, findings.map(({ severity }) => severity)], [0, ['warning']]);
  repo.git('mv', 'src/old.ts', 'src/new.ts');
  is(judged(repo).code, 1);
});

test('pre-push and ci find it in a commit on the way', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  const at = repo.commit('feat: key', { 'src/k.ts': `const a = '${stripe(5)}';\n` });
  repo.commit('fix: out', { 'src/k.ts': "const a = '';\n" });
  const pushed = repo.tryGit('push', '-q', 'origin', 'topic');
  is(pushed.code, 1, pushed.out);
  match(pushed.out, /no-secrets/);
  const ci = JSON.parse(repo.protect('ci', '--format', 'json').stdout);
  const { findings } = ci.outcomes.find(({ check }: { check: string }) => check === 'no-secrets');
  equal(
    findings.map(({ commit }: { commit: string }) => commit),
    [at],
  );
});

test('in tests a generic find is a warning, a live key of a service an error, and a made-up word nothing', () => {
  const { repo } = guardedRepo({ remote: false });
  stage(repo, {
    'test/a.test.ts': `const apiKey = '${drawn(20)}';\nconst password = 'sunflower${42}';\n`,
    'fixtures/b.yaml': `api_token: ${drawn(21)}\n`,
    'test/c.test.ts': `const pay = '${stripe(22)}';\n`,
    'src/d.env.sample': `DB_PASSWORD=sunflower${42}\n`,
  });
  const { code, findings } = judged(repo);
  equal(
    [code, findings.map(({ severity, path, line }) => [severity, path, line])],
    [
      1,
      [
        ['warning', 'fixtures/b.yaml', 1],
        ['error', 'src/d.env.sample', 1],
        ['warning', 'test/a.test.ts', 1],
        ['error', 'test/c.test.ts', 1],
      ],
    ],
  );
});

test('one value of one file is told once, with the first commit that holds it and what helps there', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  const key = stripe(23);
  const at = repo.commit('feat: key', { 'src/k.ts': `const a = '${key}';\nconst b = '${key}';\n` });
  repo.commit('docs: a comment', { 'src/k.ts': `// more\nconst a = '${key}';\n` });
  const told = () => {
    const ci = JSON.parse(repo.protect('ci', '--format', 'json').stdout);
    return ci.outcomes.find(({ check }: { check: string }) => check === 'no-secrets').findings as Record<
      string,
      string
    >[];
  };
  const [finding, ...others] = told();
  equal([finding!['commit'], others], [at, []]);
  match(finding!['help']!, `git rebase -i ${at.slice(0, 10)}~1`);
  repo.commit('fix: out', { 'src/k.ts': '// more\n' });
  equal(
    told().map(({ commit }) => commit),
    [at],
  );
});

test('what has landed is to be replaced, not rewritten, also where only commits on the way touch it', () => {
  const { repo } = guardedRepo({ files: { 'src/old.ts': `const a = '${stripe(24)}';\n` } });
  const base = repo.head();
  repo.commit('docs: a comment', { 'src/old.ts': `// more\nconst a = '${stripe(24)}';\n` });
  const judge = () => JSON.parse(repo.protect('ci', '--base', base, '--head', 'HEAD', '--format', 'json').stdout);
  const told = () => judge().outcomes.find(({ check }: { check: string }) => check === 'no-secrets').findings;
  for (const content of [null, `const a = '${stripe(24)}';\n`]) {
    if (content !== null) repo.commit('docs: none', { 'src/old.ts': content });
    const [finding, ...others] = told();
    equal([finding.severity, others], ['warning', []]);
    match(finding.help, /^it has landed, and history keeps it: make a new one/);
    match(finding.help, /an owner allows it: checks\.no-secrets\.options\.allow/);
  }
});

test('false alarms are allowed by path or fingerprint, and a kind alone allows nothing', () => {
  const files = { 'src/k.ts': `const a = '${stripe(6)}';\n` };
  const allowing = (allow: string) =>
    judged(
      stage(
        guardedRepo({ remote: false, more: `checks: { no-secrets: { options: { allow: [${allow}] } } }` }).repo,
        files,
      ),
    );
  is(allowing('{ path: src/ }').code, 0);
  is(allowing('{ path: docs/ }').code, 1);
  is(allowing('{ path: src/, kind: Stripe secret key }').code, 0);
  is(allowing('{ path: src/, kind: GitHub token }').code, 1, 'beside a path only that kind is allowed');
  const help = judged(stage(guardedRepo({ remote: false }).repo, files)).findings[0]!['help']!;
  const fingerprint = /[0-9a-f]{16}/.exec(help)![0];
  is(allowing(`{ fingerprint: "${fingerprint}", reason: from a tutorial }`).code, 0);
  is(allowing(`{ fingerprint: "${'0'.repeat(16)}" }`).code, 1);
  is(allowing('{ kind: Stripe secret key }').code, 3);
});

test('ten thousand changed files', () => {
  const { repo } = guardedRepo({ remote: false });
  for (let i = 0; i < 10_000; i++) repo.write(`many/${i % 100}/${i}.ts`, `export const a${i} = ${i};\n`);
  stage(repo, { 'many/7/key.ts': `const a = '${stripe(8)}';\n` });
  const { code, findings } = judged(repo);
  equal([code, findings.length], [1, 1]);
});

test('a file that cannot be read, at the end or on the way, leaves the gate closed', () => {
  for (const where of ['on the way', 'at the end']) {
    const { repo } = guardedRepo({ hooks: false });
    const base = repo.head();
    repo.commit('feat: one', { 'src/way.ts': 'one\n' });
    const way = repo.git('rev-parse', 'HEAD:src/way.ts');
    repo.commit('feat: two', { 'src/way.ts': 'two\n', 'src/end.ts': 'end\n' });
    const oid = where === 'on the way' ? way : repo.git('rev-parse', 'HEAD:src/end.ts');
    repo.remove(`.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
    const done = repo.protect('ci', '--base', base, '--head', 'HEAD');
    is(done.code, 3, `${where}: ${done.out}`);
    match(done.stdout, /undecided\[[^\]]*no-secrets\]/, where);
    match(done.stdout, `object ${oid} is missing`);
  }
});

test('a key in the name of a file or in a message is found from pre-push on, and printed nowhere', () => {
  const { repo } = guardedRepo();
  const token = `ghp_${drawn(7)}${drawn(8)}`.slice(0, 40);
  const judge = (format: string) =>
    repo.protect('ci', '--base', 'origin/main', '--head', 'HEAD', '--target', 'main', '--format', format);
  const started = repo.head();
  const ways: Record<string, () => void> = {
    'the name of the file holds a secret': () => repo.commit('feat: b', { [`src/${token}.ts`]: 'b\n' }),
    'the commit message holds a secret': () => repo.commit(`feat: use ${token}`, { 'src/b.ts': 'b\n' }),
  };
  for (const [words, commit] of Object.entries(ways)) {
    commit();
    for (const format of ['text', 'json', 'github', 'markdown', 'sarif']) {
      const judged = judge(format);
      is(judged.code, 1, judged.out);
      match(judged.out, words);
      is(judged.out.includes(token), false, `${words}: ${format}`);
    }
    is(repo.tryGit('push', 'origin', 'HEAD:topic').out.includes(token), false);
    repo.git('reset', '-q', '--hard', started);
  }
  // Also where the refusal is of another check.
  repo.commit(`use ${token}`, { 'src/b.ts': 'b\n' });
  is(judge('text').out.includes(token), false);
});

test('no half of a key is told where a text is cut', () => {
  const { repo } = guardedRepo({ hooks: false });
  const token = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`;
  for (const before of [
    'a key: ',
    'some words that stand in front of it, ',
    'and as many as it takes to be cut there: ',
  ])
    for (const said of [`${before}${token}`, `${before}(${token}): x`, `${before}${token} and more of them`]) {
      repo.git('switch', '-qC', 'topic', 'main');
      repo.commit(said, { 'src/b.ts': 'b\n' });
      const judged = repo.protect('ci', '--base', 'origin/main', '--head', 'topic');
      is(judged.code, 1, judged.out);
      ok(!judged.out.includes(token.slice(0, 10)), judged.out);
    }
});
