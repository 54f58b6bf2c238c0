import { hole } from '../shell/run.ts';
import type { Refusal } from '../verdict.ts';
import { literals, scriptOf } from './interpreters.ts';
import { askPerson, type Part } from './judge.ts';

const refusal = ({ run: { text } }: Part, message: string, help: string): Refusal => ({
  kind: 'refs',
  part: text,
  message,
  help,
});

/** What writes to the host of the repository by its API: contents, refs, merges, and what protects them. */
export function hostWrites(part: Part): Refusal[] {
  if (part.name === 'gh' || part.name === 'hub')
    return part.words[1] === 'api' ? apiCall(part, part.words.slice(2)) : ghCommand(part);
  if (part.name === 'glab') return part.words[1] === 'api' ? apiCall(part, part.words.slice(2)) : glabCommand(part);
  const script = scriptOf(part.run);
  if (script !== null) return scriptCall(part, script);
  if (/^(?:curl|wget|http|https|xh|httpie)$/.test(part.name)) return httpCall(part);
  return [];
}

/** Resources whose change lands something, or takes protection away. */
const guarded =
  /(?:^|\/)(?:contents|git\/(?:refs|commits|trees|blobs|tags)|merges|merge-upstream|pulls\/[^/]+\/(?:merge|update-branch)|rulesets|branches\/[^?]*\/?(?:protection|rename)|actions\/(?:permissions|secrets|variables|workflows\/[^/]+\/disable)|hooks|keys|environments|dependabot\/secrets|collaborators|deployments|statuses|check-runs|check-suites)(?:\/|\?|$)|\/(?:repository\/(?:files|commits|branches|tags|merge)|merge_requests\/[^/]+\/(?:merge|rebase|approvals)|protected_branches|protected_tags|push_rule|variables|hooks|approval_rules|deploy_keys)(?:\/|\?|$)|^\/?repos\/[^/]+\/[^/?]+\/?$|^\/?projects\/[^/?]+\/?$/i;
const harmless = /\/(?:issues|comments|labels|milestones|reactions|notifications)(?:\/|$)/i;

function apiCall(part: Part, args: readonly string[]): Refusal[] {
  let method: string | null = null;
  let hasBody = false;
  let fields = '';
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const [, attached] = /^(?:-X|--method=)(.+)$/.exec(word) ?? [];
    if (word === '-X' || word === '--method') method = args[++at] ?? '';
    else if (attached !== undefined) method = attached;
    else if (/^(?:-f|-F|--field|--raw-field|--input)$/.test(word)) {
      hasBody = true;
      fields += ` ${args[++at] ?? ''}`;
    } else if (/^(?:-[fF].|--(?:field|raw-field|input)=)/.test(word)) {
      hasBody = true;
      fields += ` ${word}`;
    } else if (/^(?:-H|--header|-q|--jq|-t|--template|--hostname|--cache|-p|--preview|-R|--repo)$/.test(word)) at++;
    else if (!word.startsWith('-')) operands.push(word);
  }
  const [path = ''] = operands;
  if (/^\/?graphql\/?$/.test(path)) {
    const text = `${fields} ${part.run.input?.text ?? ''}`;
    return /\bmutation\b/.test(text) || (/--input|@/.test(fields) && !/query/.test(fields))
      ? [refusal(part, 'a mutation of the API changes the repository past every hook', askPerson)]
      : [];
  }
  const verb = (method ?? (hasBody ? 'POST' : 'GET')).toUpperCase();
  if (verb === 'GET' || verb === 'HEAD') return [];
  if (path.includes(hole) && path.replaceAll(hole, '').length < 3)
    return [refusal(part, `what the API call changes is not written out`, 'write it literally')];
  return guarded.test(path) && !harmless.test(path)
    ? [
        refusal(
          part,
          `the API call (${verb} ${path.replaceAll(hole, '…')}) changes the repository or its protection past every hook`,
          'push a branch and open a pull request',
        ),
      ]
    : [];
}

/** A script of an interpreter that names such a resource and a way to write. */
function scriptCall(part: Part, script: string): Refusal[] {
  if (!/\.(?:put|post|patch|delete)\b|['"](?:PUT|POST|PATCH|DELETE)['"]/i.test(script)) return [];
  const found = literals(script).some(
    (text) => /api\.github\.com|\/api\/v[34]\//.test(text) && guarded.test(text.replace(/^https?:\/\/[^/]+/, '')),
  );
  return found
    ? [
        refusal(
          part,
          'the script calls the API of the host and changes the repository past every hook',
          'push a branch and open a pull request',
        ),
      ]
    : [];
}

function ghCommand(part: Part): Refusal[] {
  const [noun, verb, ...rest] = part.words.slice(1);
  const call = `${noun} ${verb}`;
  if (call === 'pr merge' && rest.some((word) => word === '--admin' || word.startsWith('--admin=')))
    return [
      refusal(
        part,
        'gh pr merge --admin merges past the checks and reviews that are required',
        'gh pr merge --auto merges once they have passed',
      ),
    ];
  if (
    /^(?:secret|variable) (?:set|delete|remove)$|^workflow disable$|^ruleset (?!check|list|view)|^repo (?:delete|archive|rename)$|^repo deploy-key (?:add|delete)$/.test(
      call,
    )
  )
    return [refusal(part, `gh ${call} changes what protects the repository`, askPerson)];
  if (
    call === 'repo edit' &&
    rest.some((word) => /^--(?:default-branch|visibility|enable-(?:squash|merge|rebase)|allow-)/.test(word))
  )
    return [refusal(part, 'gh repo edit changes what protects the repository', askPerson)];
  if (call === 'repo sync' && rest.includes('--force'))
    return [refusal(part, 'gh repo sync --force rewrites a branch', 'gh repo sync without --force')];
  return [];
}

function glabCommand(part: Part): Refusal[] {
  const [noun, verb] = part.words.slice(1);
  return /^(?:variable (?:set|update|delete)|repo delete|repo archive)$/.test(`${noun} ${verb}`)
    ? [refusal(part, `glab ${noun} ${verb} changes what protects the repository`, askPerson)]
    : [];
}

/** `curl` and its like to the API of a host, with a body or a method that writes. */
function httpCall(part: Part): Refusal[] {
  const words = part.words.slice(1);
  const url = words.find((word) =>
    /(?:api\.github\.com|\/api\/v[34]\/|gitlab[\w.-]*\/api|api\.bitbucket\.org|\/api\/v1\/repos)/i.test(word),
  );
  if (url === undefined) return [];
  const text = words.join(' ');
  const writes =
    /(?:^|\s)(?:-X\s*|--request[= ]|--method[= ])(?:POST|PUT|PATCH|DELETE)\b/i.test(text) ||
    words.some(
      (word) =>
        /^(?:-d|--data(?:-\w+)?|--json|-F|--form|-T|--upload-file|--post-data|--post-file|--body-data)(?:=|$)/.test(
          word,
        ) ||
        /^(?:POST|PUT|PATCH|DELETE)$/.test(word) ||
        /^-[dFT]./.test(word),
    );
  if (!writes) return [];
  if (/\/graphql/.test(url))
    return /mutation/.test(text)
      ? [refusal(part, 'a mutation of the API changes the repository past every hook', askPerson)]
      : [];
  const path = url.replace(/^https?:\/\/[^/]+(?:\/api\/v\d)?/i, '');
  return guarded.test(path) && !harmless.test(path)
    ? [
        refusal(
          part,
          'the API call changes the repository or its protection past every hook',
          'push a branch and open a pull request',
        ),
      ]
    : [];
}
