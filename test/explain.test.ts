import { is, match, not } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { guardedRepo, newRepo } from './support/world.ts';

const test = suite('explain');

test('a path that does not exist is told from one that changes freely, with what was meant', () => {
  const { repo, origin } = guardedRepo({ files: { 'docs/guide.md': '1\n' } });
  const explain = (path: string) => repo.protect('explain', path).stdout;
  is(
    explain('server/pya.ts'),
    'server/pya.ts: no rule of the policy holds; it changes freely\nno such file is here; did you mean server/pay.ts?\n',
  );
  match(explain('pay.ts'), 'did you mean server/pay.ts?');
  match(explain('dcos/guide.md'), 'did you mean docs/guide.md?');
  match(explain('Server/Pay.ts'), /protected by .*\n.*\nno such file is here; did you mean server\/pay\.ts\?\n$/);
  match(explain('quite/other.bin'), /no such file is here\n$/);
  match(explain('a\u001b[2K.ts'), 'a<U+001B>[2K.ts');
  match(explain('x'.repeat(5000)), 'no such file is here');
  match(origin!.protect('explain', 'nothing').stdout, 'no such file is here');
  not.match(origin!.protect('explain', 'docs/guide.md').stdout, 'no such file');
});

test('what is in the index, in HEAD or in the working tree exists, folders too', () => {
  const { repo } = guardedRepo();
  repo.write('new/untracked.ts', '1').write('staged.ts', '1').git('add', 'staged.ts');
  repo.remove('staged.ts').git('rm', '-q', '--cached', 'src/a.ts');
  repo.remove('src/a.ts');
  for (const path of ['new/untracked.ts', 'new', 'staged.ts', 'src/a.ts', 'src', 'config/'])
    not.match(repo.protect('explain', path).stdout, 'no such file', path);
});

test('before the first commit', () => {
  const repo = newRepo();
  repo.write('.protectionrc', 'version: 1\n');
  const done = repo.protect('explain', 'a.ts');
  is(done.code, 0, done.out);
  match(done.stdout, 'no such file is here');
});
