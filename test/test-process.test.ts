import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { is, match, ok } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { folder, projectRoot } from './support/world.ts';

/** What the process that tests files says of bad ones: nothing passes by accident, and the next file is tested all the same. */
const test = suite('test process');

const compiled = pathToFileURL(join(projectRoot, '.test-build/test/support/suite.js'));
const uvu = pathToFileURL(join(projectRoot, 'node_modules/uvu/assert/index.mjs'));
const opening = `import { suite } from '${compiled}'; import { is } from '${uvu}'; const test = suite('x');\n`;

const bad: Record<string, string> = {
  'a test that fails': "test('x', () => is(1, 2));",
  'a test that exits': "test('x', () => process.exit(0));",
  'a file without a test': '',
  'a file that cannot be loaded': "throw new Error('no');",
  'a test that was left out': "test.skip('x', () => {}); test('y', () => {});",
  'an only that was left in': "test('x', () => {}); test.only('y', () => {});",
  'an error nobody waits for':
    "test('x', () => { setImmediate(() => { throw new Error('late'); }); return new Promise((done) => setTimeout(done, 500)); });",
  'a hook that throws': "test.before(() => { throw new Error('no'); }); test('x', () => {});",
};

test('a file that is not all well has failed, and those beside it have not', async () => {
  const { startTests } = await import(pathToFileURL(join(projectRoot, 'test/processes.mjs')).href);
  const at = folder('files');
  const file = (name: string, text: string) => {
    const path = join(at, `${name}.mjs`);
    writeFileSync(path, opening + text);
    return path;
  };
  const good = (name: string) => file(name, "test('x', () => is(1, 1)); test('y', () => is(1, 1));");
  const start = () => startTests(process.execPath, process.env);
  let tests = start();
  for (const [n, [what, text]] of Object.entries(bad).entries()) {
    const before = await tests.run(good(`good-${n}`));
    is(before.failed, 0, before.output);
    is(before.passed, 2);
    const result = await tests.run(file(`bad-${n}`, text));
    ok(result.failed > 0, `${what}: ${result.output}`);
    if (!result.isOver) continue;
    is((await tests.end(result)).failed, result.failed, what);
    tests = start();
  }
  ok((await tests.run(file('bad', bad['a test that fails']!))).failed > 0, 'told once');
  is((await tests.end({ passed: 0, failed: 0 })).failed, 0);
});

test('what fails after the last test of a file is told too', async () => {
  const { startTests } = await import(pathToFileURL(join(projectRoot, 'test/processes.mjs')).href);
  const path = join(folder('files'), 'late.mjs');
  writeFileSync(path, `${opening}test('x', () => void setTimeout(() => { throw new Error('much later'); }, 300));`);
  const tests = startTests(process.execPath, process.env);
  const first = await tests.run(path);
  is(first.failed, 0, first.output);
  const last = await tests.end(first);
  is(last.failed, 1);
  match(last.output, 'much later');
});
