import { type Tree, Unreadable } from './settings/tree.ts';
import { readYaml } from './settings/yaml.ts';

/** The name that the check of a pull request starts with, as `init` writes it. */
const requiredName = 'protect';

/** Events that run with secrets, whatever branch a change comes from, or by the leave of another workflow. */
const trustedEvents = ['pull_request_target', 'workflow_run', 'workflow_call'];

/** What a token may write without reaching code, releases, deployments or checks. */
const harmless = new Set(['issues', 'discussions', 'security-events', 'repository-projects', 'models']);

/**
 * What a workflow may do that its owners want to see: use a secret, deploy, write, run with the rights of the default
 * branch, report a check of our name. Empty for one that only lints and tests. Each goes on after "the workflow".
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
 */
export function powersOf(text: string): ReadonlySet<string> {
  if (text.trim() === '') return new Set();
  let documents: Tree[];
  try {
    documents = documentsOf(text);
  } catch (error) {
    if (error instanceof Unreadable) return new Set([`${error.message}, so nobody can tell what it may do`]);
    throw error;
  }
  const powers = new Set<string>();
  for (const document of documents) {
    addEvents(child(document, 'on'), powers);
    addPermissions(child(document, 'permissions'), powers);
    for (const [id, job] of child(document, 'jobs')?.children ?? []) addJob(String(id), job, powers);
    addExpressions(document, isReadOnly(child(document, 'permissions')), powers);
  }
  return powers;
}

function documentsOf(text: string): Tree[] {
  if (/[\0\ufffd]/.test(text)) throw new Unreadable('is not text in UTF-8');
  return readYaml(text);
}

/** Does a workflow say at its top that its token can only read? False where it cannot be read. */
export function limitsToken(text: string): boolean {
  if (text.trim() === '') return false;
  try {
    return documentsOf(text).every((document) => isReadOnly(child(document, 'permissions')));
  } catch (error) {
    if (error instanceof Unreadable) return false;
    throw error;
  }
}

function child(tree: Tree | undefined, name: string): Tree | undefined {
  for (const [key, value] of tree?.children ?? []) if (String(key).toLowerCase() === name) return value;
  return undefined;
}

function addEvents(events: Tree | undefined, powers: Set<string>): void {
  const isMap = typeof events?.value === 'object' && !Array.isArray(events.value);
  const values = events?.children.size ? [...events.children.values()].map(({ value }) => value) : [events?.value];
  const names = isMap ? [...(events?.children.keys() ?? [])] : values;
  for (const name of names.map((each) => String(each).toLowerCase()))
    if (trustedEvents.includes(name)) powers.add(`runs on ${name}`);
}

function addPermissions(permissions: Tree | undefined, powers: Set<string>): void {
  if (String(permissions?.value).toLowerCase() === 'write-all') powers.add('may write everything (write-all)');
  for (const [name, { value }] of permissions?.children ?? []) {
    const scope = String(name).toLowerCase();
    if (String(value).toLowerCase() === 'write' && !harmless.has(scope))
      powers.add(`has the permission ${scope}: write`);
  }
}

/** Can the token do no more than read, as far as no job says otherwise? */
function isReadOnly(permissions: Tree | undefined): boolean {
  if (permissions === undefined) return false;
  const value = typeof permissions.value === 'string' ? permissions.value.toLowerCase() : '';
  if (permissions.children.size === 0) return value === 'read-all' || typeof permissions.value === 'object';
  return [...permissions.children.values()].every((each) => String(each.value).toLowerCase() !== 'write');
}

function addJob(id: string, job: Tree, powers: Set<string>): void {
  addPermissions(child(job, 'permissions'), powers);
  const environment = child(job, 'environment');
  const named = child(environment, 'name') ?? environment;
  if (environment !== undefined && named?.value !== null)
    powers.add(`deploys to the environment ${shown(named?.value)}`);
  const called = child(job, 'uses')?.value;
  if (called !== undefined) powers.add(`calls the workflow ${shown(called)}, whatever that may do`);
  if (hasText(child(job, 'runs-on'), /self-hosted/i)) powers.add('runs on a machine of its owners (self-hosted)');
  if (child(job, 'secrets') !== undefined) powers.add('hands secrets to another workflow');
  const name = child(job, 'name')?.value;
  if (couldBeOurs(typeof name === 'string' ? name.trim() : id, id, child(child(job, 'strategy'), 'matrix')))
    powers.add(`could report a check named '${requiredName} …' (job ${shown(id)})`);
}

/** Is it, or does it hold, a text like this? */
function hasText(tree: Tree | undefined, form: RegExp): boolean {
  if (tree === undefined) return false;
  return (
    (typeof tree.value === 'string' && form.test(tree.value)) ||
    [...tree.children.values()].some((each) => hasText(each, form))
  );
}

const shown = (value: unknown) => String(value).slice(0, 60);

/** Could the name of a job begin as that of the required check? What only GitHub can work out could. */
function couldBeOurs(name: string, id: string, matrix: Tree | undefined): boolean {
  const fits = (start: string) => {
    const folded = start.toLowerCase();
    return requiredName.startsWith(folded) || folded.startsWith(requiredName);
  };
  if (name === '') return id.toLowerCase().startsWith(requiredName);
  const at = name.indexOf('${{');
  if (at < 0) return name.toLowerCase().startsWith(requiredName);
  const before = name.slice(0, at);
  if (!fits(before)) return false;
  if (before.toLowerCase().startsWith(requiredName)) return true;
  const [expression] = /^\$\{\{\s*matrix\.[\w.-]+\s*\}\}/.exec(name.slice(at)) ?? [];
  const values = expression !== undefined && matrix ? literals(matrix) : null;
  if (values === null || values.some((value) => value !== '' && fits(before + value))) return true;
  // What the matrix does not have is nothing, and what follows then begins the name.
  return couldBeOurs((before + name.slice(at + expression!.length)).trim(), id, matrix);
}

/** Every scalar of a matrix, and its keys' values below; null where an expression makes some of them. */
function literals(tree: Tree): string[] | null {
  if (tree.children.size === 0) {
    const text = String(tree.value ?? '');
    return text.includes('${{') ? null : [text];
  }
  const found: string[] = [];
  for (const each of tree.children.values()) {
    const below = literals(each);
    if (below === null) return null;
    for (const text of below) found.push(text);
  }
  return found;
}

/** Secrets, and the token where nothing says that it can only read, wherever an expression names them. */
function addExpressions(document: Tree, readOnly: boolean, powers: Set<string>): void {
  const open: Tree[] = [document];
  for (let tree = open.pop(); tree !== undefined; tree = open.pop()) {
    for (const each of tree.children.values()) open.push(each);
    if (typeof tree.value !== 'string') continue;
    if (/\bgit-protect\b/.test(tree.value)) powers.add('runs git-protect');
    // Two braces within quotes do not end it; where nothing does, all that follows counts.
    for (const [, inside] of tree.value.matchAll(/\$\{\{((?:'[^']*'|(?!\}\})[^'])*)/gs)) {
      const text = inside!;
      for (const [, name] of text.matchAll(/(?<![\w.-]\s*\.\s*)\bsecrets\b(?:\s*\.\s*([\w-]+))?/gi)) {
        const isToken = name?.toUpperCase() === 'GITHUB_TOKEN';
        if (!isToken) powers.add(name === undefined ? 'uses secrets' : `uses the secret ${name.toUpperCase()}`);
        else if (!readOnly) powers.add('uses the token, which no top-level permissions: keeps from writing');
      }
      // `github.event` and the like hold no token; the whole of it does.
      if (!readOnly && /\bgithub\b(?!\s*\.\s*(?!token\b)[\w-])/i.test(text.replace(/'[^']*'/g, "''")))
        powers.add('uses the token, which no top-level permissions: keeps from writing');
    }
  }
}
