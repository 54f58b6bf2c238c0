import { named } from '../words/named.ts';
import { visible } from '../words/visible.ts';
import { lockFiles } from './ci-template.ts';
import type { Unsure } from './unsure.ts';

/** A rule that `init` proposes. */
export interface Suggestion {
  readonly paths: string[];
  readonly risk: 'critical' | 'high';
  readonly reason: string;
}

const [deployed, migrated] = ['how it is deployed', 'database migrations'] as const;

const notable: readonly { find: RegExp; risk: Suggestion['risk']; reason: string }[] = [
  {
    find: /^(?:.*\/)?(?:schema\.prisma|(?:drizzle|db|database)\/schema(?:\.ts|\/index\.ts)|db\/(?:schema\.(?:rb|ts|sql)|structure\.sql)|schema\.sql)$|^((?:.*\/)?prisma\/schema\/)[^/]+\.prisma$/,
    risk: 'critical',
    reason: 'database schema',
  },
  // What adds is no crisis; what destroys is refused by destructive-migration.
  {
    find: /^((?:.*\/)?(?:migrations|drizzle|alembic|db\/(?:migrate|migrations?|changelog))\/)/,
    risk: 'high',
    reason: migrated,
  },
  {
    find: /^(?:.*\/)?(?:Dockerfile(?:\.[\w-]+)?|(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml|Procfile|Caddyfile|fly(?:\.[\w-]+)?\.toml|render\.yaml|railway\.(?:json|toml)|vercel\.json|netlify\.toml|app\.yaml|serverless\.ya?ml|wrangler\.(?:toml|jsonc?)|ecosystem\.config\.[cm]?js(?:on)?|pm2[\w.-]*\.(?:json|[cm]?js|ya?ml)|nginx[\w.-]*\.conf)$/,
    risk: 'high',
    reason: deployed,
  },
  {
    // Scripts, and not what is written about a release.
    find: /^(?:(?:scripts|bin)\/)?(?:deploy|release|rollback)(?:[\w.-]*\.(?:sh|bash|[cm]?[jt]s|py|rb)|[\w-]*)$/,
    risk: 'high',
    reason: deployed,
  },
  { find: /^((?:\.kamal|k8s|kubernetes|helm|terraform|deploy|nginx)\/)/, risk: 'high', reason: deployed },
  {
    find: /^((?:\.github\/(?:workflows|actions)|\.circleci|\.buildkite)\/)|^(?:\.gitlab-ci\.yml|azure-pipelines\.yml|bitbucket-pipelines\.yml|Jenkinsfile)$/,
    risk: 'high',
    reason: 'CI decides what lands',
  },
];

/** Code whose name says that it moves money, lets people in, or keeps them safe. */
const sensitive: readonly { word: RegExp; reason: string }[] = [
  { word: /payments?|stripe|paypal|checkout|billing|invoic(?:e|ing)s?|payouts?/i, reason: 'payments' },
  { word: /webhooks?/i, reason: 'webhooks' },
  {
    word: /(?:^|[^a-z])auth(?:n|z|entication|orization|guard|service|middleware|controller|router?s?|provider|config|options)?(?![a-z])|Auth(?![a-z])/,
    reason: 'who may do what',
  },
  { word: /guard-?rails?|crisis|moderation|safety/i, reason: 'what keeps people safe' },
];
const code = /\.(?:[cm]?[jt]sx?|py|rb|go|php|java|kts?|cs|rs|exs?|scala|swift)$/;
// What is shown in a browser or a message decides nothing: who asks it for more is answered by the server.
const noCode =
  /(?:^|\/)(?:components?|dialogs|layouts|ui|emails?|email-templates|icons|i18n|locales|tests?|__tests__|__mocks__|specs?|e2e|fixtures?|mocks?|stories|docs?|examples?|generated)\/|\.(?:test|spec|stories|e2e|d)\.[^/]+$|(?:^|\/)test_/i;
/** What a package manager writes: it changes with every package that anybody adds. */
const locks = new Set<string>([
  ...lockFiles,
  ...['packages.lock.json', 'Cargo.lock', 'poetry.lock', 'uv.lock', 'composer.lock', 'Gemfile.lock', 'go.sum'],
]);
/** Single files that are named; beyond, somebody has to choose. */
const mostFiles = 12;

/** The rule for code that its name gives away: the folder where that is so called, else the file. */
function suggestCode(tracked: readonly string[]): Suggestion[] {
  const found = new Map<string, Set<string>>();
  for (const path of tracked) {
    if (!code.test(path) || noCode.test(path) || unfit(path)) continue;
    const parts = path.split('/');
    for (const { word, reason } of sensitive) {
      const at = parts.findIndex((part) => word.test(part.replace(/\.[^.]+$/, '')));
      if (at < 0) continue;
      const isFolder = at < parts.length - 1 && at > 0;
      const pattern = `/${isFolder || at < parts.length - 1 ? `${parts.slice(0, at + 1).join('/')}/` : path}`;
      found.set(reason, (found.get(reason) ?? new Set()).add(pattern));
      break;
    }
  }
  return [...found].flatMap(([reason, patterns]) => {
    const folders = [...patterns].filter((pattern) => pattern.endsWith('/'));
    const files = [...patterns].filter(
      (pattern) => !pattern.endsWith('/') && !folders.some((each) => pattern.startsWith(each)),
    );
    const paths = [...folders, ...files].slice(0, mostFiles);
    const open = tracked
      .filter((path) => locks.has(path.slice(path.lastIndexOf('/') + 1)))
      .map((path) => `/${path}`)
      .filter((path) => paths.some((each) => each.endsWith('/') && path.startsWith(each)) && !unfit(path));
    const all = [...paths, ...open.map((path) => `!${path}`)];
    return paths.length === 0 ? [] : [{ paths: all, risk: 'critical' as const, reason }];
  });
}

/** Containers that a developer or a test starts, as their names say; an override file is read wherever `docker compose up` runs. */
const notDeployed =
  /(?:^|\/)(?:dev|development|local|testing|tests?|__tests__|e2e|cypress|playwright|examples?|\.devcontainer)\/|(?:Dockerfile\.|compose[.-])(?:dev|devel|development|local|tests?|testing|e2e|playwright|cypress)(?:$|\.ya?ml$)/;

/** Characters that mean something in a pattern, and what is not the project's own. */
const unfit = (path: string) => /[*?[\]\\!#]|\s$/.test(path) || /(^|\/)(?:node_modules|vendor)\//.test(path);

/** Files that exist and matter, as rules; never lock files. A file is under one of them. */
async function suggest(tracked: readonly string[], unsure: Unsure): Promise<Suggestion[]> {
  const rules = new Map<string, Suggestion>();
  for (const path of tracked) {
    if (unfit(path)) continue;
    for (const { find, risk, reason } of notable) {
      const match = find.exec(path);
      if (!match || (reason === deployed && notDeployed.test(path))) continue;
      const pattern = `/${match[1] ?? path}`;
      const rule = rules.get(reason) ?? { paths: [], risk, reason };
      if (!rule.paths.some((known) => pattern === known || (known.endsWith('/') && pattern.startsWith(known))))
        rule.paths.push(pattern);
      rules.set(reason, rule);
      break;
    }
  }
  const grave = ({ risk }: Suggestion) => (risk === 'critical' ? 0 : 1);
  const byName = suggestCode(tracked);
  const isWanted = byName.length === 0 || (await unsure.yes(wordsOf(byName), true));
  return apart([...(isWanted ? byName : []), ...rules.values()].sort((a, b) => grave(a) - grave(b)));
}

/** A name is no proof: on a terminal somebody says whether these are what they are called. */
function wordsOf(byName: readonly Suggestion[]): string {
  const paths = byName.flatMap((rule) => rule.paths);
  return visible(`Protect as critical, by their names: ${named(paths)}?`);
}

/** What an earlier rule names is taken out of the folders of a later one, so that one change is refused by one rule. */
function apart(rules: readonly Suggestion[]): Suggestion[] {
  const taken: string[] = [];
  return rules.flatMap((rule) => {
    const isNamed = (path: string) =>
      taken.some((known) => known === path || (known.endsWith('/') && path.startsWith(known)));
    const own = rule.paths.filter((path) => !isNamed(path));
    const inside = taken.filter((known) => own.some((path) => path.endsWith('/') && known.startsWith(path)));
    taken.push(...own);
    return own.length === 0 ? [] : [{ ...rule, paths: [...own, ...inside.map((path) => `!${path}`)] }];
  });
}

const allWorkflows = '/.github/workflows/';
/** The reason of the rule for hooks, the CI file and what starts the guard. */
const whatJudges = 'what judges a change';
/** Rules that may be left to a person where they would stop many commits. */
export const mayBeLeft = [deployed, migrated];

/**
 * Every rule of the first policy: what is suggested, and the files that decide what judges a change.
 * @param judges their patterns; `plain`: workflows that change without approval, while a new one does not
 */
export async function firstRules(
  tracked: readonly string[],
  judges: readonly string[],
  plain: readonly string[],
  unsure: Unsure,
): Promise<Suggestion[]> {
  const suggested = (await suggest(tracked, unsure)).map((rule) =>
    rule.paths.includes(allWorkflows) ? { ...rule, paths: [...rule.paths, ...plain.map((path) => `!/${path}`)] } : rule,
  );
  const taken = new Set(suggested.flatMap(({ paths }) => paths));
  const own = judges.filter((path) => !taken.has(path));
  return [...suggested, { paths: own, risk: 'high', reason: whatJudges }];
}
