import { auditedRepo } from './support/audited.ts';
import { suite } from './support/suite.ts';

const test = suite('audit');
const story = auditedRepo();

test('the story is told', () => {
  const { repo } = story;
  console.log(repo.dir, repo.protect('audit').out);
  console.log(repo.protect('audit', '--format', 'markdown').out);
  console.log(repo.protect('audit', '--format', 'csv').out);
  console.log(repo.protect('audit', '--format', 'json').out);
});
