import type { Check } from '../model/index.ts';

/** Refuses a deploy without a plan for the way back. */
export const rollbackPlan: Check<'contents' | 'deploy'> = {
  id: 'rollback-plan',
  summary: 'The rollback document is part of what is deployed, and says something.',
  gates: ['pre-deploy'],
  needs: ['contents', 'deploy'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Whoever has to roll back does so in a hurry, often at night, and often did not make the change.',
    fix: 'Write down how to go back, command by command, in the file that `rollback.document` names, and commit it. Headings and TODOs alone are not a plan.',
  },
  async run({ deploy, contents }) {
    const path = deploy.environment.rollback?.document;
    if (!path) return { skipped: 'no rollback document is named' };
    const state = await contents.stateAt(Buffer.from(path, 'utf8').toString('latin1'));
    const refuse = (message: string) => [{ path, message, help: 'write down how to go back, and commit it' }];
    if (state === null) return refuse('the rollback plan is not in the commit that is deployed');
    if (state.mode !== '100644' && state.mode !== '100755')
      return refuse(`the rollback plan is not a regular file (mode ${state.mode})`);
    const { bytes, left, size } = await contents.content(state.oid);
    if (left === 'binary') return refuse('the rollback plan is not text');
    if (size === 0) return refuse('the rollback plan is empty');
    if (bytes !== null && !saysSomething(bytes.toString('utf8')))
      return refuse('the rollback plan holds nothing but headings, white space or TODOs');
    return [];
  },
};

const underline = /^\s{0,3}(?:=+|-+|~+|\^+|\*+|_+)\s*$/;
const placeholder =
  /^\W*(?:to[ -]?do|tbd|tba|fixme|xxx|wip|n\/a|none|placeholder|lorem ipsum|coming soon|work in progress|to be (?:written|done|defined|added|decided|completed|determined)|(?:insert|add|write|fill in|describe)\b.{0,60}\bhere)\b/i;

/** Is there one line of text that is no heading, comment or placeholder? */
function saysSomething(text: string): boolean {
  const lines = withoutComments(text)
    .replace(/^\ufeff?---\r?\n[\s\S]{0,10000}?\n---\r?(?:\n|$)/, '')
    .split(/\r?\n/);
  return lines.some((line, index) => {
    const heading = /^\s*(?:#{1,6}|={1,6})(?:\s|$)/.test(line) || underline.test(lines[index + 1] ?? '');
    const words = line
      .replace(/<[^<>]*>|!?\[[^[\]]*\]\([^()]*\)|^\s*(?:(?:[-*+>|]|\d+[.)]|\[[ x]?\])\s*)+/gi, '')
      .replace(/^\s*(?:```|~~~).*$/, '');
    return !heading && !placeholder.test(words) && /\p{L}[^\p{L}]*\p{L}[^\p{L}]*\p{L}/u.test(words);
  });
}

/** Without HTML comments; one that never ends takes the rest. */
function withoutComments(text: string): string {
  const [first, ...rest] = text.split('<!--');
  return [first, ...rest.map((part) => (part.includes('-->') ? part.slice(part.indexOf('-->') + 3) : ''))].join('');
}
