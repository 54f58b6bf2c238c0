import { UsageError } from '../model/index.ts';

/** Wires the clone that was installed into. Where the package itself is absent (production, Docker) there is nothing to do. */
const script = `node -e "import('git-protect/wire').catch(e=>{if(e.code!=='ERR_MODULE_NOT_FOUND')throw e})"`;

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly private?: boolean;
  readonly packageManager?: string;
}

/**
 * The text of a package.json whose `name` script wires the clone too. Nothing else in it changes, not a space, so that
 * `removeScript` restores it to the byte.
 * @param name `prepare`; `postinstall` for Yarn 2 and later, which runs no `prepare`
 */
export function addScript(text: string, name: 'prepare' | 'postinstall'): string {
  const manifest = readManifest(text, 'package.json');
  const present = manifest.scripts?.[name];
  const value = present ? `${present} && ${script}` : script;
  const wanted = { ...manifest, scripts: { ...manifest.scripts, [name]: value } };
  const entry = `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const edits =
    present === undefined
      ? manifest.scripts === undefined
        ? insertions(text, /^\s*\{/g, `"scripts": { ${entry} }`, Object.keys(manifest).length > 0)
        : insertions(text, /"scripts"\s*:\s*\{/g, entry, Object.keys(manifest.scripts).length > 0)
      : replacements(text, present, value);
  for (const edited of edits) if (same(edited, wanted)) return edited;
  return indented(wanted);
}

/** Takes our script out again; null where it is not there. */
export function removeScript(text: string): string | null {
  const manifest = readManifest(text, 'package.json');
  const [name, value] = Object.entries(manifest.scripts ?? {}).find(([, command]) => command.includes(script)) ?? [];
  if (name === undefined || value === undefined) return null;
  if (value.endsWith(` && ${script}`)) {
    const before = value.slice(0, -` && ${script}`.length);
    const wanted = { ...manifest, scripts: { ...manifest.scripts, [name]: before } };
    for (const edited of replacements(text, value, before)) if (same(edited, wanted)) return edited;
    return indented(wanted);
  }
  const { [name]: _, ...scripts } = manifest.scripts!;
  const entry = escaped(`${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const without = (pattern: string) => text.replace(new RegExp(pattern), '');
  const { scripts: __, ...rest } = manifest;
  for (const pattern of [`\\s*"scripts": \\{ ${entry} \\},`, `"scripts": \\{ ${entry} \\}`])
    if (same(without(pattern), rest)) return without(pattern);
  const edits = [`\\s*${entry},`, `,\\s*${entry}`, entry].map(without);
  return edits.find((edited) => same(edited, { ...manifest, scripts })) ?? indented({ ...manifest, scripts });
}

/** @throws UsageError when it is not JSON */
export function readManifest(text: string, name: string): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new UsageError(`${name} is not valid JSON: ${(error as Error).message}`, 'fix it first');
  }
  if (isManifest(manifest)) return manifest;
  throw new UsageError(`${name} is not an object whose scripts are strings`, 'fix it first');
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false;
  const { scripts } = value as { scripts?: unknown };
  return scripts === undefined || (isObject(scripts) && Object.values(scripts).every((one) => typeof one === 'string'));
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text with an entry put first into an object, laid out as the entry that follows. */
function* insertions(text: string, open: RegExp, entry: string, more: boolean): Generator<string> {
  for (const match of text.matchAll(open)) {
    const at = match.index + match[0].length;
    const space = more ? /^\s*/.exec(text.slice(at))![0] : '';
    yield `${text.slice(0, at)}${space}${entry}${more ? ',' : ''}${text.slice(at)}`;
  }
}

/** The text with one string of it replaced, at each place in turn. */
function* replacements(text: string, from: string, to: string): Generator<string> {
  const token = JSON.stringify(from);
  for (let at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + 1))
    yield text.slice(0, at) + JSON.stringify(to) + text.slice(at + token.length);
}

function same(text: string, wanted: unknown): boolean {
  try {
    return JSON.stringify(sorted(JSON.parse(text.replace(/^\ufeff/, '')))) === JSON.stringify(sorted(wanted));
  } catch {
    // An edit that broke the text is just not the one.
    return false;
  }
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

const indented = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
