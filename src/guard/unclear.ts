import { hole, type Reading, texts, type Unclear } from './shell/run.ts';
import type { Refusal } from './verdict.ts';

/** What a hidden program would have to be called to matter, by the words that follow it. */
const telling =
  /^(?:commit|push|merge|rebase|am|cherry-pick|revert|reset|checkout|switch|branch|update-ref|symbolic-ref|config|filter-branch|replace|stash|clean|restore|approve|migrate|--no-v[a-z-]*|--hard|--force.*|-c|-f)$/;
const words = /git|hook|husky|protect|approve|\bgh\b|sql|prisma|drizzle|mongo|redis|\brm\b/i;

/** Refuses what cannot be read where it matters. */
export function judgeUnclear({ text, what }: Unclear, reading: Reading): Refusal[] {
  const refused: Refusal[] = [
    { kind: 'unclear', part: text, message: `${what}, so nobody can say what it does`, help: 'write it literally' },
  ];
  if (!what.startsWith('which program'))
    return what.startsWith('the command is not a complete') && !words.test(text.replace(/["'\\]/g, '')) ? [] : refused;
  const run = reading.runs.find((each) => each.text === text && each.words[0]?.text.includes(hole));
  const rest = run === undefined ? [] : texts(run).slice(1);
  return rest.length === 0 || rest.some((word) => telling.test(word)) ? refused : [];
}
