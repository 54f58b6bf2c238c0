import { is } from 'uvu/assert';
import { shortened } from '../src/words/shortened.ts';
import { suite } from './support/suite.ts';

const test = suite('shortened');

test('a text is cut where it is too long, and no long word in two', () => {
  is(shortened('short', 10), 'short');
  is(shortened('some more words', 10), 'some more…');
  is(shortened('some abcdefghijklmnopqrst', 10), 'some …');
  is(shortened('abcdefghijklmnopqrst', 10), '…');
  is(shortened("it's 'abcdefghijklmnopqrst'", 12), "it's '…");
  is(shortened('€€€€€€€€€€€€', 5), '€€€€…', 'by characters');
  is(shortened('😀😀😀😀', 3), '😀😀…');
  is(shortened(`words ${'x'.repeat(1e6)}`, 9), 'words …');
});
