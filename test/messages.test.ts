import { equal, is } from 'uvu/assert';
import { isRevert, isVersion, subjectOf, writtenSubject } from '../src/readers/messages.ts';
import { suite } from './support/suite.ts';
import { newRepo, run } from './support/world.ts';

const test = suite('messages');

test('the subject is the one that Git shows', () => {
  const repo = newRepo({ install: false });
  repo.commit('start');
  for (const message of [
    'feat: a\n',
    '\nfeat: a\n',
    '\n \n\nfeat: a\n\nbody\n',
    'feat: a\nb\nc\n\nbody\n',
    'feat: a\r\n\r\nbody\r\n',
    'feat: a \t\n',
    'feat: a\n\n\nb\n',
  ]) {
    const made = run(repo.dir, 'git', ['commit-tree', 'HEAD^{tree}'], { input: message });
    is(subjectOf(message), repo.git('log', '-1', '--format=%s', made.stdout.trim()), JSON.stringify(message));
  }
  is(subjectOf('\n \n'), '');
});

test('reverts, as Git and hosts write them', () => {
  for (const message of [
    'Revert "feat: a"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.\n',
    'Reapply "feat: a"\n\nThis reverts commit 0123456.\n',
    'Revert "feat: a (#12)"\n\nReverts owner/repo.name#12\n',
    'Revert "feat: a (#12)" (#13)\n\nReverts owner/repo#12\n',
    'Revert "feat: a (#12)" (#13)\n',
    'Revert "Revert "feat: a (#12)" (#13)" (#14)\n',
    'Revert "feat: a"\n\nThis reverts merge request !12\n',
    'Revert "feat: a"\n\nThis reverts merge request group/sub/repo!12\n',
    'Revert "feat: a"\n\nReverts !12\n',
    'Revert "feat: a"\n\nThis reverts pull request #12.\n',
  ])
    is(isRevert(message), true, message);
  for (const message of [
    'Revert "feat: a"\n',
    'revert "feat: a" (#13)\n',
    'Revert feat: a (#13)\n',
    'x Revert "feat: a" (#13)\n',
    'Revert "feat: a"\n\nIt reverts commit 0123456.\n',
    'Revert "feat: a" (13)\n',
  ])
    is(isRevert(message), false, message);
});

test('what hosts put around a title is taken off, and the title is what is judged', () => {
  equal(
    [
      'feat: a (#12)\n',
      'feat: a (!12)\n',
      'Merged PR 12: feat: a\n\nbody\n',
      'Merged in feat/x (pull request #12)\n\nfeat: a\n\nApproved-by: X\n',
      'feat: a (#12) b\n',
      'Merged in feat/x (pull request #12)\n',
    ].map(writtenSubject),
    ['feat: a', 'feat: a', 'feat: a', 'feat: a', 'feat: a (#12) b', ''],
  );
});

test('versions alone', () => {
  for (const subject of ['1.0.1', 'v1.0.1', '1.0.0-rc.1']) is(isVersion(subject), true, subject);
  for (const subject of ['1.0', 'v1', '1.0.1 and more', '1.0.1-', 'x1.0.1']) is(isVersion(subject), false, subject);
});
