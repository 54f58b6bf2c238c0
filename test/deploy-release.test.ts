import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { equal, is, match, ok } from 'uvu/assert';
import { archiveFault } from '../src/deploys/archive.ts';
import { begin, type Deployed, deployable, stopServices, until } from './support/deploys.ts';
import { suite } from './support/suite.ts';
import { folder, type Repo } from './support/world.ts';

const test = suite('deploy: releases');
test.after(stopServices);

const way = `undo: release
    stop: ./stop.sh
    start: ./start.sh
    release: { paths: [dist, node_modules, .env], keep: 2 }`;

/** A service that is deployed once, with what people have in such folders. */
async function released(): Promise<Deployed & { first: string }> {
  const deployed = await deployable({ way });
  const { repo } = deployed;
  rmSync(join(repo.dir, 'node_modules'), { recursive: true });
  mkdirSync(join(repo.dir, 'node_modules/.bin'), { recursive: true });
  repo.write('.gitignore', 'dist\npid\nno-way-back\nnode_modules\n.env\n').write('.env', 'KEY=one\n', 0o600);
  repo
    .write('node_modules/tool/cli.js', 'tool\n', 0o755)
    .write(`node_modules/tool/${'long-'.repeat(40)}ü.js`, 'long\n');
  symlinkSync('../tool/cli.js', join(repo.dir, 'node_modules/.bin/tool'));
  linkSync(join(repo.dir, 'node_modules/tool/cli.js'), join(repo.dir, 'node_modules/tool/same.js'));
  const commit = repo.commit('fix: good');
  repo.publish();
  run(repo, './build.sh');
  const done = repo.protect('deploy');
  is(done.code, 0, done.out);
  return { ...deployed, first: commit };
}

function run(repo: Repo, script: string): void {
  is(repo.tryGit('-c', `alias.go=!${script}`, 'go').code, 0);
}

/** All that lies in the folders of a release, as text. */
function everything(repo: Repo): string[] {
  const seen: string[] = [];
  const visit = (path: string) => {
    const found = lstatSync(join(repo.dir, path));
    if (found.isSymbolicLink()) seen.push(`${path} -> ${readlinkSync(join(repo.dir, path))}`);
    else if (found.isDirectory()) for (const name of readdirSync(join(repo.dir, path)).sort()) visit(`${path}/${name}`);
    else
      seen.push(
        `${path} ${(found.mode & 0o777).toString(8)} ${found.nlink} ${readFileSync(join(repo.dir, path), 'utf8')}`,
      );
  };
  for (const root of ['dist', 'node_modules', '.env']) if (existsSync(join(repo.dir, root))) visit(root);
  return seen;
}

const leftovers = (repo: Repo) =>
  readdirSync(join(repo.dir, '.releases')).filter((name) => /\.(?:unpacked|aside|partial)$/.test(name));

test('what ran before is packed, and put back whole when the new one fails: links, modes, hard links, long names', async () => {
  const { repo, change, first, runs } = await released();
  const before = everything(repo);
  repo.write('node_modules/tool/cli.js', 'other\n', 0o755).write('node_modules/more.js', 'more');
  change('errors');
  const done = repo.protect('deploy');
  is(done.code, 4, done.out);
  is(await runs(), first);
  // The change of node_modules came before the archive; what run changed is back.
  equal(
    everything(repo).filter((line) => line.startsWith('dist')),
    before.filter((line) => line.startsWith('dist')),
  );
  equal(leftovers(repo), []);
  is(statSync(join(repo.dir, '.releases')).mode & 0o777, 0o700);
  for (const name of readdirSync(join(repo.dir, '.releases')).filter((each) => each !== '.gitignore'))
    is(statSync(join(repo.dir, '.releases', name)).mode & 0o077, 0, name);
  is(repo.git('status', '--porcelain'), '');
});

test('a rollback to an archive puts back everything but variables whose pinned values are others', async () => {
  const { repo, change, first, runs } = await released();
  change('good', { b: 'b' });
  is(repo.protect('deploy').code, 0);
  const archive = readdirSync(join(repo.dir, '.releases')).find(
    (name) => name.includes(first.slice(0, 12)) && name.endsWith('.json'),
  )!;
  const before = everything(repo);
  repo.write('.env', 'KEY=two\n').remove('node_modules/.bin/tool');
  const back = repo.protect('deploy', 'rollback', archive.replace('.json', ''));
  is(back.code, 0, back.out);
  is(await runs(), first);
  is(repo.read('.env'), 'KEY=two\n', 'nothing is pinned, so nobody can say that an old value still holds');
  ok(everything(repo).includes('node_modules/.bin/tool -> ../tool/cli.js'));
  ok(before.length > 0);
  is(repo.protect('deploy', 'rollback', 'production', archive.replace('.json', ''), '--with-env').code, 0);
  is(repo.read('.env'), 'KEY=one\n');
});

test('an archive that is not what was packed is refused before anything is touched', async () => {
  const { repo, change, first, runs } = await released();
  const second = change('good', { b: 'b' });
  is(repo.protect('deploy').code, 0);
  const before = everything(repo);
  const archive = readdirSync(join(repo.dir, '.releases')).find(
    (name) => name.includes(first.slice(0, 12)) && name.endsWith('.gz'),
  )!;
  const path = join(repo.dir, '.releases', archive);
  const whole = readFileSync(path);
  for (const bytes of [
    whole.subarray(0, whole.length >> 1),
    Buffer.concat([whole, Buffer.from('x')]),
    Buffer.alloc(0),
  ]) {
    writeFileSync(path, bytes);
    const done = repo.protect('deploy', 'rollback', first.slice(0, 12));
    is(done.code, 3, done.out);
    match(done.out, 'is not what was packed');
    equal(everything(repo), before);
    is(await runs(), second);
  }
});

/** A tar of headers as somebody hostile would write them. */
function tarOf(entries: readonly { path: string; type?: string; linkpath?: string; size?: number }[]): Buffer {
  const blocks = entries.map(({ path, type = 'File', linkpath, size = 0 }) => {
    const header = new Header({
      path,
      type: type as 'File',
      size,
      mode: 0o644,
      mtime: new Date(0),
      ...(linkpath ? { linkpath } : {}),
    });
    header.encode();
    return Buffer.concat([header.block!, Buffer.alloc(Math.ceil(size / 512) * 512)]);
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

test('hostile archives are refused: absolute, climbing, out of what was packed, links out, devices, twice, behind a link, more than was packed', async () => {
  const at = folder('hostile');
  const root = { path: './dist/', type: 'Directory' };
  const table = [
    [[root, { path: '/etc/cron.d/x' }], 'is not a path within the repository'],
    [[root, { path: 'dist/../../x' }], 'leads elsewhere'],
    [[root, { path: '.git/hooks/pre-commit' }], 'is not within dist'],
    [[root, { path: 'dist\\x' }], 'is not a path within'],
    [[root, { path: 'dist/a', type: 'SymbolicLink', linkpath: '/etc' }], 'is a link out of the repository'],
    [[root, { path: 'dist/a', type: 'SymbolicLink', linkpath: '../../x' }], 'is a link out of the repository'],
    [[root, { path: 'dist/a', type: 'SymbolicLink', linkpath: '..' }, { path: 'dist/a/x' }], 'which is not a folder'],
    [[root, { path: 'dist/a', type: 'Link', linkpath: '/etc/passwd' }], 'is a hard link to what is not in it'],
    [[root, { path: 'dist/a', type: 'CharacterDevice' }], 'is not a file (CharacterDevice)'],
    [[root, { path: 'dist/a', type: 'FIFO' }], 'is not a file (FIFO)'],
    [[root, { path: 'dist/a' }, { path: 'dist/a' }], 'is there twice'],
    [[{ path: 'dist/a' }], 'dist is not in it'],
    [[root, { path: 'dist/a', size: 4096 }], 'it holds 2 entries of 4096 bytes, and 2 of 10 were packed'],
  ] as const;
  for (const [n, [entries, why]] of table.entries()) {
    const file = join(at, `${n}.tar.gz`);
    writeFileSync(file, tarOf(entries));
    const told = await archiveFault(at, file, { paths: ['dist'], entries: 2, unpacked: 10 });
    ok(typeof told === 'string', why);
    match(told as string, why);
  }
  const fine = join(at, 'fine.tar.gz');
  writeFileSync(fine, tarOf([root, { path: 'dist/a', size: 10 }]));
  equal(await archiveFault(at, fine, { paths: ['dist'], entries: 2, unpacked: 10 }), {
    paths: ['dist'],
    entries: 2,
    unpacked: 10,
  });
});

test('a folder on the way that is a link, and a start that fails, leave what was there', async () => {
  const { repo, change, first, runs } = await released();
  const second = change('good', { b: 'b' });
  is(repo.protect('deploy').code, 0);
  const before = everything(repo);
  const start = repo.read('start.sh');
  // The archive's own service starts, and the one that is put in must not.
  repo.write('start.sh', `[ "$(cat dist/commit)" = ${second} ] || exit 5\n${start}`, 0o755);
  const done = repo.protect('deploy', 'rollback', first.slice(0, 12));
  is(done.code, 5, done.out);
  match(done.out, 'what was there before is back in its place');
  equal(everything(repo), before);
  equal(leftovers(repo), []);
  is(await runs(), second);
});

/** Once the command that outlived the kill has ended. */
async function rolledBack(repo: Repo, to: string) {
  for (let n = 0; ; n++) {
    const done = repo.protect('deploy', 'rollback', 'production', to.slice(0, 12), '--with-env');
    if (done.code !== 3 || n > 100) return done;
    match(done.out, 'still runs');
  }
}

test('killed at every step of putting back, the next run finds one release or the other, whole', async () => {
  const { repo, change, first, lines, runs } = await released();
  change('good', { b: 'b' });
  is(repo.protect('deploy').code, 0);
  const digest = () => createHash('sha256').update(everything(repo).join('\n')).digest('hex');
  for (const step of ['begin', 'will take back', 'will swap', 'swapped', 'took back']) {
    const { child, end } = begin(repo, 'deploy', 'rollback', first.slice(0, 12), '--with-env');
    await until(
      step,
      () =>
        lines()[0]?.['kind'] === 'rollback' &&
        lines()[0]?.['pid'] === child.pid &&
        lines().some((line) => line.step === step),
    );
    process.kill(child.pid!, 'SIGKILL');
    await end;
    const undone = await rolledBack(repo, first);
    is(undone.code, 0, `${step}: ${undone.out}`);
    is(await runs(), first, step);
    equal(leftovers(repo), [], step);
    ok(digest().length === 64);
  }
});

test('a folder of archives that is a link leads nowhere', async () => {
  const { repo, change } = await released();
  const elsewhere = folder('elsewhere');
  chmodSync(elsewhere, 0o755);
  rmSync(join(repo.dir, '.releases'), { recursive: true });
  symlinkSync(elsewhere, join(repo.dir, '.releases'));
  change('good', { b: 'b' });
  const done = repo.protect('deploy');
  is(done.code, 3, done.out);
  match(done.out, '.releases is not a folder');
  is(statSync(elsewhere).mode & 0o777, 0o755);
  equal(readdirSync(elsewhere), []);
});

test('only archives that were live count, and none goes before the next is live', async () => {
  const { repo, change } = await released();
  const kept = () => readdirSync(join(repo.dir, '.releases')).filter((name) => name.endsWith('.json'));
  for (const n of [1, 2, 3]) {
    change('good', { n: String(n) });
    is(repo.protect('deploy').code, 0);
  }
  const live = kept();
  for (const n of [1, 2, 3]) {
    change('fails', { bad: String(n) });
    is(repo.protect('deploy').code, 4);
  }
  for (const name of live.slice(-2)) ok(kept().includes(name), `${name} was live, and is still there`);
  chmodSync(join(repo.dir, '.releases'), 0o700);
});
