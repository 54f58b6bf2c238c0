import type { History } from './grown.ts';
import { behind } from './model.ts';
import { policyOf } from './policies.ts';
import { absent, type Letter, paths, policyPath } from './signed.ts';

/** A history for a person: what each commit holds, and what approvals say. */
export function story({ model, pushes, root }: History): string {
  const known = new Set(
    [root, ...pushes.flatMap(({ after, proposed }) => [after, proposed?.head ?? after])].flatMap((one) => [
      ...behind(one),
    ]),
  );
  const texts: Letter[] = [];
  const letter = (text: Letter) => {
    if (text === absent) return absent;
    if (!policyOf(text)) return 'invalid';
    if (!texts.includes(text)) texts.push(text);
    return `P${texts.indexOf(text)}`;
  };
  const short = (name: string) => name.slice(9, 13);
  const commits = [...known]
    .sort((a, b) => a.id - b.id)
    .map(({ id, oid, parents, files, held }) => {
      const letters = paths.map((path) => files[path]).join('');
      return `${id} ${oid.slice(0, 12)} <${parents.map((one) => one.id)}> ${letters} ${letter(files[policyPath])} ${[...held].map(short)}`;
    });
  const moves = pushes.map(
    ({ branch, before, after, verdict, proposed, mended }) =>
      `${branch} ${before?.id}..${after.id}${proposed ? ` of ${proposed.head.id}` : ''} !${verdict.refused}${verdict.isPolicyRefused ? ' policy' : ''}${verdict.isErrored ? ' errored' : ''} mended ${[...mended]}`,
  );
  const signed = [...model.approvals.values()].map(({ name, by, targets, steps, upTo }) => {
    const says = steps.map(({ path, from, to }) =>
      path === policyPath ? `policy:${letter(from)}>${letter(to)}` : `${path}:${from}>${to}`,
    );
    return `${short(name)} ${by.name} ${by.line.slice(-8, -2)} for ${targets} ${upTo?.slice(0, 12) ?? says}`;
  });
  const policies = texts.map((text, n) => {
    const { owners, required } = policyOf(text)!;
    return `P${n} ${[...owners.values()].map(({ name, line }) => `${name} ${line.slice(-8, -2)}`)} ${[...required].map(([path, number]) => `${path}:${number}`)}`;
  });
  return [...commits, ...moves, ...signed, ...policies].join('\n');
}
