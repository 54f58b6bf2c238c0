import { createHash } from 'node:crypto';
import { guardServer } from './server.ts';
import { type Cover, Known, type Made, type Name, type Pushed, people } from './week-known.ts';
import { type Edit, Writer } from './week-writer.ts';
import { approve, folder, type Key, Repo, type Result } from './world.ts';

const pastTheHook = '--receive-pack=git -c core.hooksPath=/nowhere receive-pack';

/** A server that judges, a clone for each of the team, and what the script knows of both. */
export class Team {
  readonly bare = new Repo(folder('server'));
  readonly known = new Known();
  readonly #clones = new Map<Name, Repo>();
  /** What a clone holds on its main and the server does not. */
  readonly #waiting: Made[] = [];
  #clock = Date.UTC(2026, 0, 5, 8);
  #branches = 0;
  #commits = 0;

  constructor() {
    this.bare.git('init', '-q', '--bare', '-b', 'main');
    guardServer(this.bare);
  }

  get amounts() {
    return { branches: this.#branches, commits: this.#commits };
  }

  /** A day of the week begins, Monday is 0. */
  day(index: number): void {
    this.#clock = Date.UTC(2026, 0, 5 + index, 8);
  }

  /** The clone of somebody, as the server stands. */
  at(who: Name, synced = true): Repo {
    if (synced) this.#waiting.length = 0;
    const known = this.#clones.get(who);
    const repo = known ?? new Repo(folder(who), { LOGNAME: who, XDG_STATE_HOME: folder('state') });
    if (!known) {
      repo.git('clone', '-q', this.bare.dir, '.');
      const { name, email } = people[who];
      repo.write('.git/config', `${repo.read('.git/config')}[user]\n\tname = ${name}\n\temail = ${email}\n`);
      this.#clones.set(who, repo);
    } else if (synced) {
      repo.git('fetch', '-q');
      repo.git('reset', '-q', '--hard', 'origin/main');
    }
    return repo;
  }

  /** Commits what is staged, past the hooks of the clone. @param files what that is, approvals apart */
  commit(
    who: Name,
    subject: string,
    files: Readonly<Record<string, string | null>>,
    more: { covers?: readonly Cover[]; writer?: Name } = {},
  ): Made {
    const repo = this.at(who, false);
    const at = this.#tick();
    const env = { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at };
    const staged = repo.git('diff', '--cached', '--name-only').split('\n').filter(Boolean);
    const approvals = staged.filter((path) => /^\.protect\/(?:approvals\/|\.gitattributes$)/.test(path));
    new Repo(repo.dir, { ...repo.env, ...env }).git('-c', 'core.hooksPath=/nowhere', 'commit', '-q', '-m', subject);
    this.#commits++;
    const made: Made = {
      commit: repo.head(),
      at,
      by: who,
      subject,
      agent: null,
      merge: false,
      files: { ...Object.fromEntries(approvals.map((path) => [path, ''])), ...files },
      writer: more.writer ?? who,
      covers: more.covers ?? [],
    };
    this.#waiting.push(made);
    return made;
  }

  /** Writes and stages files. */
  stage(who: Name, files: Readonly<Record<string, string>>): Repo {
    const repo = this.at(who, false);
    for (const [path, content] of Object.entries(files)) repo.write(path, content);
    repo.git('add', '--', ...Object.keys(files));
    return repo;
  }

  /** An owner signs, in their own clone or somebody else's. */
  sign(repo: Repo, key: Key, ...args: string[]): Cover {
    const done = approve(repo, key, ...args);
    if (done.code !== 0) throw new Error(done.out);
    return this.coverIn(repo, key);
  }

  /** The approval that has just been staged. */
  coverIn(repo: Repo, key: Key): Cover {
    const [file, ...more] = repo.git('diff', '--cached', '--name-only', '--', '.protect/approvals/').split('\n');
    if (!file || more.length > 0) throw new Error(`not one approval: ${file} ${more.join(' ')}`);
    const said = JSON.parse(repo.read(file).split('-----BEGIN')[0]!);
    const { approver, reason, issuedAt } = said as Record<string, string>;
    const blob = Buffer.from(key.line.split(' ')[1]!, 'base64');
    const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
    return { file, approver: approver!, key: `SHA256:${digest}`, issuedAt: issuedAt!, reason: reason! };
  }

  /**
   * Somebody works on branches, all begun at the server's main, in their clone.
   * @param land merged one by one into main; else they stay branches, or, of one branch, `ahead`: main is moved on to it
   * @returns the branches' tips, by name
   */
  work(
    who: Name,
    branches: Readonly<Record<string, readonly Edit[]>>,
    { land = 'merge', by = who }: { land?: 'merge' | 'ahead' | 'not'; by?: Name } = {},
  ): string[] {
    const repo = this.at(who);
    const writer = new Writer(repo, () => this.#tick());
    const merges: (() => Made)[] = [];
    let main = 'refs/remotes/origin/main^0';
    for (const [branch, edits] of Object.entries(branches)) {
      this.#branches++;
      let tip = 'refs/remotes/origin/main^0';
      for (const edit of edits) {
        const made = writer.commit({ ...edit, ref: `refs/heads/${branch}`, by, from: tip });
        tip = made.mark;
        if (land === 'ahead') merges.push(made.told);
      }
      if (land !== 'merge') continue;
      const files = Object.assign({}, ...edits.map((edit) => edit.files)) as Record<string, string>;
      const edit = { subject: `merge: ${branch}`, files };
      const made = writer.commit({ ...edit, ref: 'refs/heads/main', by: who, from: main, merge: tip });
      main = made.mark;
      merges.push(made.told);
    }
    this.#commits += writer.run();
    if (land === 'ahead') repo.git('update-ref', 'refs/heads/main', `refs/heads/${Object.keys(branches)[0]}`);
    this.#waiting.push(...merges.map((tell) => tell()));
    return Object.keys(branches);
  }

  /** Merges a branch that somebody else wrote and this one has in their clone. */
  merge(who: Name, branch: string, brought: readonly Made[], writer: Name, files: Made['files']): Made {
    const repo = this.at(who, false);
    const at = this.#tick();
    const env = { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at };
    const subject = `merge: ${branch}`;
    const args = ['-c', 'core.hooksPath=/nowhere', 'merge', '-q', '--no-ff', '-m', subject, branch];
    new Repo(repo.dir, { ...repo.env, ...env }).git(...args);
    this.#commits++;
    for (const one of brought) this.#waiting.splice(this.#waiting.indexOf(one), 1);
    const all = Object.assign({}, files, ...brought.map((one) => one.files)) as Made['files'];
    const covers = brought.flatMap((one) => one.covers);
    const told = { at, by: who, subject, agent: null, merge: true, files: all, writer, covers };
    const made: Made = { commit: repo.head(), ...told };
    this.#waiting.push(made);
    return made;
  }

  /**
   * Pushes main, where it has something new, and branches.
   * @param findings the checks that find something
   * @param verdict of the server
   */
  push(
    who: Name,
    branches: readonly string[] = [],
    findings: readonly string[] = [],
    verdict: Pushed['verdict'] = 'pass',
  ): Result {
    const repo = this.at(who, false);
    const refs = this.#refsOf(repo, [...branches, ...(this.#waiting.length > 0 ? ['main'] : [])]);
    const done = repo.tryGit('push', 'origin', ...refs.map(({ ref }) => ref));
    if ((done.code === 0) !== (verdict === 'pass')) throw new Error(`push of ${who}: ${done.code}\n${done.out}`);
    this.known.pushes.push({ by: who, verdict, findings, refs });
    if (verdict === 'pass') this.known.landed(this.#waiting.splice(0), this.known.pushes.length);
    return done;
  }

  /** Pushes main past the hook, as whoever has a shell on the server can. */
  force(who: Name): void {
    this.at(who, false).git('push', '-q', pastTheHook, 'origin', 'main');
    this.known.landed(this.#waiting.splice(0), null);
  }

  /** A tag that a deploy pushed. */
  tagged(who: Name, commit: string, waivers: Known['tags'][number]['waivers'] = []): string {
    const name = this.bare.git('tag', '--points-at', commit, '--list', 'v*');
    const [ref, date] = this.bare
      .git('for-each-ref', '--format=%(objectname) %(taggerdate:unix)', `refs/tags/${name}`)
      .split(' ') as [string, string];
    this.known.pushes.push({
      by: who,
      verdict: 'pass',
      findings: [],
      refs: [{ ref: `refs/tags/${name}`, old: null, new: ref }],
    });
    const when = new Date(Number(date) * 1000).toISOString();
    this.known.tags.push({ name, commit, date: when, tagger: people[who], landed: true, waivers });
    return name;
  }

  #refsOf(repo: Repo, names: readonly string[]) {
    return names.map((name) => {
      const ref = `refs/heads/${name}`;
      return { ref, old: plain(this.bare, ref), new: plain(repo, `.git/${ref}`) ?? repo.head(ref) };
    });
  }

  #tick(): string {
    this.#clock += 60_000 * 2;
    return new Date(this.#clock).toISOString();
  }
}

function plain(repo: Repo, ref: string): string | null {
  return repo.has(ref) ? repo.read(ref).trimEnd() : null;
}
