import { showPath } from '../git/raw.ts';
import type { Brought, BytePath, Check, Context, Oid, Problem } from '../model/index.ts';
import { list, object } from '../model/schema.ts';
import { isWorthReading, type PrivateFile, toldByMagic, toldByName, toldByText } from '../readers/private-files.ts';
import { anyPattern, foldPath } from '../rules/match.ts';
import { shellWord } from '../words/shell-word.ts';

interface Options {
  readonly paths: readonly string[];
  readonly allow: readonly string[];
  readonly settings: readonly string[];
}

/** Bytes of a large file that are looked at. */
const beginning = 65_536;

/** Refuses files that hold what must not be shared: `.env`, private keys, credentials, dumps, backups. */
export const forbiddenFiles: Check<'contents'> = {
  id: 'forbidden-files',
  summary: 'No `.env` file, private key, credentials file, database dump or backup is added or changed.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents'],
  weakenable: true,
  timeout: 60_000,
  options: object({
    paths: {
      schema: list({ kind: 'pattern' }, 0),
      default: [],
      doc: 'more forbidden files, as path patterns',
    },
    allow: {
      schema: list({ kind: 'pattern' }, 0),
      default: [],
      doc: 'files that are allowed anyway, as path patterns',
    },
    settings: {
      schema: list({ kind: 'pattern' }, 0),
      default: [],
      doc: '`.env` files that are allowed as long as every password, key and token in them is empty, a placeholder or a reference',
    },
  }),
  docs: {
    since: '0.1.0',
    why: 'Whatever was committed stays in every clone: a `.env` file or a dump cannot be taken back, and what it held has to be replaced. Files are recognised by their names (`.env`, `id_ed25519`, `*.p12`, `*.dump`, `backup-*.tar.gz`, …) and by their contents (a private key in a `.pem`, a token in an `.npmrc`, a dump, an SQLite database). Examples (`.env.example`, `.sample`, `.template`, `.dist`), public keys and certificates are allowed. Files that were there before and are not changed are not judged.',
    fix: 'Take the file out of the commit (`git rm --cached FILE`) and list it in `.gitignore`. If an earlier commit of your branch contains it, rewrite that commit before you push. Others may have read what was pushed: replace the password or key. List a file that belongs there, such as a test key, in `checks.forbidden-files.options.allow` of the policy; a `.env` file that holds settings and no secrets, in `settings:` beside it.',
  },
  async run(context) {
    const { change } = context;
    if (change.kind === 'delete') return { skipped: 'nothing is left to judge of a deleted ref' };
    const judge = judgeOf(context);
    const atEnd: Problem[] = [];
    const onTheWay = new OnTheWay(context);
    for await (const group of context.contents.brought()) {
      context.signal.throwIfAborted();
      const judged = await Promise.all(group.map((one) => (isOld(one) ? null : judge(one.path, one.oid, isLink(one)))));
      for (const [index, told] of judged.entries()) {
        const { path, commit, step } = group[index]!;
        if (told && commit === null) atEnd.push(inResult(context, path, told, step?.from != null));
        else if (told && commit !== null) onTheWay.add(path, commit, told);
      }
    }
    return [...atEnd, ...onTheWay.problems()];
  },
};

/** Was it there before, with another mode? */
function isOld({ oid, step }: Brought): boolean {
  return step?.from?.oid === oid;
}

function isLink({ step }: Brought): boolean {
  return step?.to?.mode === '120000';
}

type Told = Pick<PrivateFile, 'what'> & { readonly kind: PrivateFile['kind'] | 'listed' | 'settings' | 'unread' };
type Judge = (path: BytePath, oid: Oid, link: boolean) => Promise<Told | null>;

function judgeOf(context: Context<'contents'>): Judge {
  const { paths = [], allow = [], settings = [] } = (context.options ?? {}) as Partial<Options>;
  const [isListed, isAllowed, isSettings] = [anyPattern(paths), anyPattern(allow), anyPattern(settings)];
  return async (path, oid, link) => {
    const folded = foldPath(path);
    const worthReading = !link && isWorthReading(folded);
    const byName: Told | null = isListed(path)
      ? { kind: 'listed', what: 'is forbidden by checks.forbidden-files.options.paths' }
      : toldByName(folded);
    if (!byName && !worthReading) return null;
    if (isAllowed(path)) return null;
    if (byName?.kind === 'environment' && !link && isSettings(path)) return notSettings(context, oid);
    return byName ?? byContent(context, folded, oid);
  };
}

/** What keeps a file from being one of settings only; no-secrets looks for secrets under other names. */
async function notSettings({ contents }: Context<'contents'>, oid: Oid): Promise<Told | null> {
  const { largestSettings, secretVariables } = await import('../readers/variables/settings-only.ts');
  const { bytes, size } = await contents.content(oid);
  const kind = 'settings';
  const rest = ', and the policy lets it hold settings only';
  if (bytes === null || size > largestSettings) return { kind, what: `is not a text of at most 64 KiB${rest}` };
  const names = secretVariables(bytes);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return names.length === 0 ? null : { kind, what: `gives a value to ${names.slice(0, 3).join(', ')}${more}${rest}` };
}

async function byContent(context: Context<'contents'>, folded: string, oid: Oid): Promise<Told | null> {
  const { bytes, left } = await context.contents.content(oid);
  if (bytes !== null) return toldByMagic(bytes) ?? toldByText(folded, bytes.toString('utf8'), false);
  const start = await context.contents.beginning(oid, beginning);
  const told = toldByMagic(start) ?? toldByText(folded, start.toString('utf8'), true);
  return told ?? (left === 'large' && !start.includes(0) ? { kind: 'unread', what: unread } : null);
}

const unread = 'is larger than 1 MiB: only its beginning was looked at';

function inResult(context: Context<'contents'>, path: BytePath, { kind, what }: Told, wasThere: boolean): Problem {
  const shown = showPath(path);
  if (kind === 'unread') return { path: shown, message: what, severity: 'note' };
  if (kind === 'settings')
    return { path: shown, message: what, help: 'leave the value empty there, and set it in the environment' };
  return {
    path: shown,
    message: `${what}, and files like it do not belong in a repository`,
    help: wasThere
      ? stays(shown, kind)
      : context.gate === 'pre-commit'
        ? unstage(shown)
        : rewrite(context, context.change.base?.slice(0, 12) ?? null),
  };
}

/** Git tracked it before the change, so taking this change out of the commits takes nothing back. */
function stays(path: string, kind: Told['kind']): string {
  const option = kind === 'environment' ? 'if it holds no secret, list it in' : 'if it belongs there, list it in';
  return `${unstage(path)}; ${option} checks.forbidden-files.options.${kind === 'environment' ? 'settings' : 'allow'}`;
}

function unstage(path: string): string {
  if (path.startsWith('b64:')) return 'take it out of the commit, and list it in .gitignore';
  return `git rm --cached ${shellWord(path)}  # and list it in .gitignore`;
}

/** Of what is at hand here the commits can be mended; what is on the other side is known there. */
function rewrite({ gate }: Context, before: string | null): string {
  const from = before === null ? '--root' : before;
  const replace = 'replace every password and key in it';
  if (gate === 'pre-push')
    return `git rebase -i ${from}  # take it out of the commits; if it was ever pushed, ${replace}`;
  if (gate === 'pre-deploy') return `${replace}: it is in the history; take the file out with git rm --cached`;
  return `${replace}, as it was pushed; then take it out of the commits (git rebase -i ${from}) and push again`;
}

/** What a commit adds and a later one removes again. One finding a path, for the first of its commits. */
class OnTheWay {
  readonly #context: Context<'contents'>;
  readonly #found = new Map<BytePath, { commit: Oid; told: Told }>();

  constructor(context: Context<'contents'>) {
    this.#context = context;
  }

  add(path: BytePath, commit: Oid, told: Told): void {
    // Commits come newest first.
    if (told.kind !== 'unread') this.#found.set(path, { commit, told });
  }

  problems(): Problem[] {
    return [...this.#found].map(([path, { commit, told }]) => ({
      path: showPath(path),
      commit,
      message: `${told.what}; a commit on the way holds it, so it stays in the history`,
      help: rewrite(this.#context, `${commit.slice(0, 12)}^`),
    }));
  }
}
