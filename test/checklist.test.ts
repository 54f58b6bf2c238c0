import { is, match, not } from 'uvu/assert';
import { readToken } from '../src/approvals/statement.ts';
import { parseTick, parseWaiver } from '../src/approvals/waiver.ts';
import { checklist } from '../src/checks/checklist.ts';
import { otherClone } from './support/migration-world.ts';
import { predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, makeKey, newRepo, Repo } from './support/world.ts';

const test = suite('checklist');

const items = '[{ id: pdf, text: a résumé downloads as PDF }, { id: call, text: a call goes through }]';

function shop(more = '') {
  const made = guardedRepo({
    hooks: false,
    more: `checks: { not-root: { severity: off } }\ndeploy: { production: { checklist: ${items}${more} }, staging: { checklist: ${items} } }`,
  });
  made.repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  const tick = (...args: string[]) =>
    made.repo.protect('approve', '--reason', 'seen it', '--key', made.keys['lead']!.file, '--yes', ...args);
  return { ...made, tick };
}

test('what nobody has ticked refuses, and the help of the report makes it pass; the tag keeps it whole', () => {
  const { repo, tick, keys } = shop(', rollback: { tag: "v{date}-{time}" }');
  const refused = repo.protect('predeploy', 'production');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[checklist] pdf: a résumé downloads as PDF; nobody has ticked it for ');
  const [help] = /npx git-protect approve --deploy production --tick pdf --reason "…"/.exec(refused.out)!;
  match(help, '--tick pdf');
  const done = tick('--deploy', 'production', '--tick', 'pdf');
  is(done.code, 0, done.out);
  match(done.stderr, 'is ready for production in this:\n  pdf: a résumé downloads as PDF\n');
  match(done.stderr, 'it counts in this clone; elsewhere: npx git-protect predeploy production --waiver TOKEN');
  const half = repo.protect('predeploy', 'production');
  is(half.code, 1);
  match(half.out, 'note[checklist] pdf: a résumé downloads as PDF (ticked by lead: seen it)');
  match(half.out, 'error[checklist] call: ');
  is(tick('--deploy', 'production', '--tick', 'call').code, 0);
  const passed = repo.protect('predeploy', 'production', '--tag');
  is(passed.code, 0, passed.out);
  const tag = repo.git('for-each-ref', '--format=%(contents)', 'refs/tags/');
  is(tag.match(/"ticks": \[/g)?.length, 2, tag);
  match(tag, /-----BEGIN SSH SIGNATURE-----/);
  is(keys['lead'] === undefined, false);
});

test('a tick is for one commit and one environment, and travels as a token', () => {
  const { repo, origin, tick } = shop();
  const token = tick('--deploy', 'production', '--tick', 'pdf,call').stdout.trim();
  is(repo.protect('predeploy', 'production').code, 0);
  is(repo.protect('predeploy', 'staging').code, 1, 'another environment');
  const clone = otherClone(origin!);
  is(clone.protect('predeploy', 'production').code, 1, 'another clone');
  const given = clone.protect('predeploy', 'production', '--waiver', token);
  is(given.code, 0, given.out);
  is(clone.protect('predeploy', 'production').code, 1, 'it is not kept where it was only given');
  match(
    clone.protect('predeploy', 'staging', '--waiver', token).stderr,
    "lead's tick is for production, not for staging",
  );
  repo.commit('feat: more', { 'src/more.ts': '1\n' });
  repo.publish();
  is(repo.protect('predeploy', 'production').code, 1, 'another commit');
  match(repo.protect('predeploy', 'production', '--waiver', token).stderr, "lead's tick is for commit");
});

test('ticks that do not count: broken, by nobody of the policy, old; a waiver is none, and a tick is no waiver', () => {
  const { repo, tick, keys } = shop();
  const token = tick('--deploy', 'production', '--tick', 'pdf').stdout.trim();
  const content = readToken(token);
  is(parseTick(content).statement.ticks.join(), 'pdf');
  const refusal = (change: (text: string) => string) => {
    const other = Buffer.from(change(content.toString('utf8')));
    return repo.protect('predeploy', 'production', '--waiver', `pt1_${other.toString('base64url')}`).stderr;
  };
  match(
    refusal((text) => text.replace('"pdf"', '"call"')),
    'the signature of',
  );
  match(
    refusal((text) => text.replace('"ticks"', '"checks"')),
    'the signature of',
  );
  match(
    refusal((text) => text.replace('"ticks"', '"tick"')),
    /the waiver has .*'(?:tick|checks)'/,
  );
  match(
    refusal((text) => text.replace('["pdf"]', '[]').replace(/\[\s*"pdf"\s*\]/, '[]')),
    'ticks',
  );
  const waiver = tick('--deploy', 'production', '--waive', 'clean-tree').stdout.trim();
  let thrown = '';
  try {
    parseTick(readToken(waiver));
  } catch (error) {
    thrown = (error as Error).message;
  }
  match(thrown, /^the tick has .*'(?:checks|ticks)'/);
  try {
    parseWaiver(content);
    thrown = '';
  } catch (error) {
    thrown = (error as Error).message;
  }
  match(thrown, /^the waiver has .*'(?:checks|ticks)'/);
  const stranger = makeKey('stranger');
  is(tick('--deploy', 'production', '--tick', 'pdf', '--key', stranger.file).code, 2);
  is(keys['lead'] === undefined, false);
});

test('wrong words: an item that is not there, no environment, both at once, too long, under an agent', () => {
  const { repo, tick } = shop();
  const unknown = tick('--deploy', 'production', '--tick', 'pfd');
  is(unknown.code, 2);
  match(unknown.stderr, "the checklist has no item 'pfd'; did you mean 'pdf'?");
  match(tick('--tick', 'pdf').stderr, '--deploy and --tick belong together');
  match(tick('--deploy', 'production').stderr, '--deploy and --waive belong together');
  match(tick('--deploy', 'production', '--tick', 'pdf', '--waive', 'tests').stderr, 'signed one by one');
  match(tick('--deploy', 'production', '--tick', 'pdf', '--expires', '25h').stderr, '24 hours at most');
  is(new Repo(repo.dir, { CLAUDECODE: '1' }).protect('approve', '--deploy', 'production', '--tick', 'pdf').code, 1);
  const twice = newRepo();
  twice.write(
    '.protectionrc',
    `version: 1\ndeploy: { production: { checklist: [{ id: a, text: x }, { id: a, text: y }, { id: B, text: z }] } }\n`,
  );
  const checked = twice.protect('policy', 'check');
  is(checked.code, 2);
  match(checked.out, "deploy.production.checklist[2].id: got 'B'");
  twice.write('.protectionrc', twice.read('.protectionrc').replace('id: B', 'id: b'));
  match(twice.protect('policy', 'check').out, "'a' is there twice");
});

test('without a checklist it is skipped', async () => {
  const repo = newRepo();
  repo.commit('start', { a: '1' });
  const skipped = await checklist.run(predeployContext({ repo }));
  is('skipped' in skipped && skipped.skipped, 'no checklist is configured');
  const ticks = [{ ticks: ['pdf'], approver: 'lead', reason: 'r' }];
  const found = await checklist.run(
    predeployContext({ repo, ticks, environment: { checklist: [{ id: 'pdf', text: 'x' }] } }),
  );
  is('skipped' in found, false);
  not.equal(JSON.stringify(found), '[]');
});
