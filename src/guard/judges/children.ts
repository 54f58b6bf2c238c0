import type { Refusal } from '../verdict.ts';
import { askPerson, type Judge } from './judge.ts';

/** Flags by which an agent starts without its hooks, or without asking for anything. */
const unguarded: Readonly<Record<string, RegExp>> = {
  claude:
    /^--(?:dangerously-skip-permissions|allow-dangerously-skip-permissions|bare|safe-mode|permission-mode=bypassPermissions|settings(?:=|$)|setting-sources(?:=|$))/,
  codex: /^(?:--dangerously-bypass-[\w-]+|--yolo|--full-auto|--sandbox=danger-full-access|--disable=?hooks)$/,
  gemini: /^(?:--yolo|-y|--approval-mode=yolo)$/,
  qwen: /^(?:--yolo|-y|--approval-mode=yolo)$/,
  copilot: /^--(?:allow-all-tools|allow-all|yolo|no-hooks)$/,
  'cursor-agent': /^(?:--force|-f|--yolo)$/,
  agent: /^(?:--yolo)$/,
  amp: /^--dangerously-allow-all$/,
  aider: /^--(?:yes-always|no-git-commit-verify|no-verify)$/,
  goose: /^--no-hooks$/,
  opencode: /^--(?:dangerously-skip-permissions|pure)$/,
};
/** Two words that say the same. */
const pairs: readonly (readonly [program: string, option: string, value: RegExp])[] = [
  ['claude', '--permission-mode', /^bypassPermissions$/],
  ['codex', '--sandbox', /^danger-full-access$/],
  ['codex', '-s', /^danger-full-access$/],
  ['codex', '--ask-for-approval', /^never$/],
  ['codex', '-a', /^never$/],
  ['codex', '-c', /^(?:features\.hooks\s*=\s*false|approval_policy\s*=\s*"?never|sandbox_mode\s*=\s*"?danger)/],
  ['codex', '--disable', /^(?:codex_)?hooks$/],
  ['gemini', '--approval-mode', /^yolo$/],
];
const variables =
  /^(?:CLAUDE_CODE_SAFE_MODE|CLAUDE_CODE_DISABLE_HOOKS|CLAUDE_CODE_SIMPLE|COPILOT_ALLOW_ALL|GOOSE_MODE)$/;

/** Agents started without hooks or permission checks. */
export const children: Judge = (part): readonly Refusal[] => {
  const name = /(?:^|[\\/])(?:@anthropic-ai[\\/])?claude(?:-code)?(?:@[\w.]+)?$/.test(part.words[0] ?? '')
    ? 'claude'
    : /@openai\/codex(?:@|$)/.test(part.words[0] ?? '')
      ? 'codex'
      : /@google\/gemini-cli(?:@|$)/.test(part.words[0] ?? '')
        ? 'gemini'
        : part.name;
  const pattern = Object.hasOwn(unguarded, name) ? unguarded[name]! : null;
  if (pattern === null) return [];
  const rest = part.words.slice(1);
  const flag =
    rest.find((word) => pattern.test(word)) ??
    pairs.flatMap(([program, option, value]) =>
      rest.flatMap((word, at) =>
        program === name && word === option && value.test(rest[at + 1] ?? '') ? [`${word} ${rest[at + 1]}`] : [],
      ),
    )[0];
  const variable = [...part.run.env].find(
    ([key, value]) =>
      variables.test(key) && !/^(?:0|false|)$/.test(value) && (key !== 'GOOSE_MODE' || value === 'auto'),
  );
  if (flag === undefined && variable === undefined) return [];
  return [
    {
      kind: 'children',
      part: part.run.text,
      message: `${name} ${flag ?? variable![0]} starts an agent that nothing guards`,
      help: `start it without, or ${askPerson}`,
    },
  ];
};
