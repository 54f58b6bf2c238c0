import type { FileRule, Policy } from '../../../model/index.ts';
import { code, table, words } from '../../../words/markdown.ts';
import { among, days } from './phrases.ts';

/** What is protected, why, and who decides. */
export function protectedFiles({ files, owners }: Policy): string {
  if (Object.keys(owners).length === 0)
    return '## Protected files\n\nNobody is named as an owner yet, so no file is protected. `npx git-protect init --owner NAME` begins with it.';
  const rows = files.map((rule) => [
    rule.paths.map(code).join('<br>'),
    rule.risk === 'critical' ? '**critical**' : 'high',
    words(rule.reason),
    decides(rule),
  ]);
  const some =
    rows.length === 0 ? 'No file of your own is listed.' : table(['files', 'risk', 'why', 'who decides'], rows);
  return `## Protected files

${some}

A \`!\` takes a path out again. The policy (\`.protectionrc\`) and the folder \`.protect/\` are protected too: a change of them has to satisfy
every rule above. Where several rules hold for one file, each has to be satisfied.`;
}

function decides({ owners, required }: FileRule): string {
  return required > 1 ? `${required} of ${owners.map(words).join(', ')}` : among(owners.map(words));
}

/** Who may approve; keys are counted, not shown. */
export function owners({ owners: known, approvals: { touch } }: Policy): string {
  const rows = Object.entries(known).map(([name, { keys, github }]) => [
    words(name),
    github === undefined ? '' : code(github),
    keys.map(({ type, comment }) => code(comment === '' ? type : comment)).join('<br>'),
  ]);
  if (rows.length === 0) return '';
  const hasHandles = rows.some(([, handle]) => handle !== '');
  const body = hasHandles
    ? table(['owner', 'on the host', 'keys'], rows)
    : table(
        ['owner', 'keys'],
        rows.map(([name, , keys]) => [name!, keys!]),
      );
  const hardware = touch === 'required' ? '\n\nOnly a hardware key counts, touched for each signature.' : '';
  return `## Owners\n\n${body}${hardware}`;
}

/** From the edit to the signature. */
export function asking({ owners: known, approvals: { needed, lifetime }, files }: Policy): string {
  const names = Object.keys(known);
  if (names.length === 0) return '';
  const when =
    needed === 'commit'
      ? 'A commit that changes a protected file is refused until it is approved, on any branch.'
      : 'On your own branch a protected file may change freely, with a warning; where it lands, it has to be approved.';
  const example = files[0]?.paths.find((path) => !/[*?[\]!\\]/.test(path) && !path.endsWith('/')) ?? '.protectionrc';
  return `## Asking for an approval

${when} An approval is a
file in \`.protect/approvals/\` that lands with the change; it names the exact contents, counts once, and is valid for
${days(lifetime)} at most.

\`\`\`sh
git add ${example.replace(/[^\w./@-]/g, '\\$&').replace(/^\\?\//, '')}
npx git-protect request -o ../change.request   # send this file to ${among(names)}
npx git-protect approval add TOKEN             # what they send back; then commit as usual
\`\`\`

The owner looks at the change and signs it: \`npx git-protect approve change.request --reason "…"\`, or, for what they staged themselves,
\`npx git-protect approve --staged --reason "…"\`. An owner may always say no; then the change is made differently or not at all.`;
}
