import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Made, type Name, people } from './week-known.ts';
import { folder, type Repo, run } from './world.ts';

/** What a commit is to be. */
export interface Edit {
  readonly subject: string;
  readonly files: Readonly<Record<string, string>>;
}

interface Written extends Edit {
  readonly ref: string;
  readonly by: Name;
  readonly from: string;
  readonly merge?: string;
}

/** Many commits by one process. */
export class Writer {
  readonly #stream: string[] = [];
  readonly #ids = new Map<string, string>();
  #marks = 0;

  constructor(
    readonly repo: Repo,
    readonly tick: () => string,
  ) {}

  /** @returns the commit as later ones name it, and what it is once it was made */
  commit({ subject, files, ref, by, from, merge }: Written): { mark: string; told: () => Made } {
    const mark = `:${++this.#marks}`;
    const at = this.tick();
    const agent = by === 'helper' ? 'helper' : null;
    const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
    const { name, email } = people[by];
    const stamp = `${name} <${email}> ${Date.parse(at) / 1000} +0000`;
    this.#stream.push(
      `commit ${ref}\nmark ${mark}\nauthor ${stamp}\ncommitter ${stamp}\n`,
      data(agent ? `${subject}\n\nAgent: ${agent}\n` : `${subject}\n`),
      `from ${from}\n${merge ? `merge ${merge}\n` : ''}`,
      ...Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`),
      '\n',
    );
    const isMerge = merge !== undefined;
    const rest = { at, by, subject, agent, merge: isMerge, files, writer: by, covers: [] };
    return { mark, told: () => ({ commit: this.#ids.get(mark)!, ...rest }) };
  }

  /** Makes them. @returns how many */
  run(): number {
    const marks = join(folder('marks'), 'marks');
    const args = ['fast-import', '--quiet', '--force', `--export-marks=${marks}`];
    const done = run(this.repo.dir, 'git', args, { input: this.#stream.join('') });
    if (done.code !== 0) throw new Error(done.out);
    for (const line of readFileSync(marks, 'utf8').split('\n').filter(Boolean)) {
      const [mark, id] = line.split(' ') as [string, string];
      this.#ids.set(mark, id);
    }
    return this.#marks;
  }
}
