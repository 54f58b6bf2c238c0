// What an audit of a long history costs, in multiples of the one command that reads the same.
import { join } from 'node:path';
import { git, makeBare, newKey, node, policyText, run } from './fixtures.mjs';

/** 10,000 steps, of which every fiftieth edits a protected file that nobody approved; as data and as a page. */
export function measureAudit({ compare, interleave, project }) {
  const policy = policyText({ lead: newKey().line });
  const dir = makeBare('audited', policy, { landed: { commits: 10_000, among: 5000 } }, 5000);
  git(dir, 'update-ref', 'refs/heads/main', 'landed');
  const edits = Array.from({ length: 200 }, (_, n) => {
    const text = `edit ${n}\n`;
    const head = `commit refs/heads/main\ncommitter B <b@example.com> ${1.7e9 + 20_000 + n} +0000\ndata 12\nfix: an edit\n`;
    const from = n === 0 ? 'from refs/heads/main^0\n' : '';
    return `${head}${from}M 100644 inline config/s${n % 20}/a.json\ndata ${text.length}\n${text}\n`;
  });
  run(dir, 'git', ['fast-import', '--quiet'], { input: edits.join('') });
  git(dir, 'repack', '-adq');
  const cli = join(project, 'dist/cli.js');
  const audit = (format) => node(dir, [cli, 'audit', '--format', format], { codes: [1] });
  const times = interleave({
    json: () => audit('json'),
    html: () => audit('html'),
    log: () => run(dir, 'git', ['log', '--raw', '-z']),
  });
  compare('audit, 10,000 steps / git log --raw -z', times.json, times.log, '3.00', times.log);
  compare('audit as a page, 10,000 steps / git log --raw -z', times.html, times.log, '', times.log);
}
