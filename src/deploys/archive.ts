import { posix } from 'node:path';
import { visible } from '../words/visible.ts';
import { type Entry, readTar } from './tar.ts';

/** What an archive holds, as it was when it was packed. */
export interface Contained {
  /** What was packed, from the top of the repository. */
  readonly paths: readonly string[];
  readonly entries: number;
  /** Bytes of its files. */
  readonly unpacked: number;
}

/**
 * Reads an archive to its end, and looks whether it may be unpacked: names within what was packed, links that stay within the
 * repository, plain files alone, no more than was packed. Nothing is written.
 * @param told what it should hold; `entries: 0`: nothing is known yet
 * @returns what it holds, or what is wrong with it
 */
export async function archiveFault(topLevel: string, file: string, told: Contained): Promise<Contained | string> {
  const judge = new Judge(told);
  try {
    await readTar(topLevel, file, (entry) => judge.see(entry));
  } catch (error) {
    return `it is damaged (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`;
  }
  return judge.end();
}

class Judge {
  readonly #told: Contained;
  readonly #seen = new Map<string, string>();
  #unpacked = 0;
  #fault: string | null = null;

  constructor(told: Contained) {
    this.#told = told;
  }

  see(entry: Entry): void {
    this.#unpacked += entry.size;
    this.#fault ??= this.#faultOf(entry);
    this.#seen.set(plain(entry.path), entry.type);
  }

  end(): Contained | string {
    if (this.#fault !== null) return this.#fault;
    const { paths, entries, unpacked } = this.#told;
    const has = { paths, entries: this.#seen.size, unpacked: this.#unpacked };
    const missing = paths.find((path) => !this.#seen.has(path));
    if (missing !== undefined) return `${visible(missing)} is not in it`;
    if (entries !== 0 && (has.entries !== entries || has.unpacked !== unpacked))
      return `it holds ${has.entries} entries of ${has.unpacked} bytes, and ${entries} of ${unpacked} were packed`;
    return has;
  }

  #faultOf({ path, type, linkpath }: Entry): string | null {
    const name = plain(path);
    const shown = visible(name.slice(0, 200));
    if (path.startsWith('/') || /^[A-Za-z]:|\\|\0/.test(path)) return `${shown} is not a path within the repository`;
    if (name.split('/').some((part) => part === '..' || part === '')) return `${shown} leads elsewhere`;
    if (!this.#told.paths.some((root) => name === root || name.startsWith(`${root}/`)))
      return `${shown} is not within ${visible(this.#told.paths.join(', '))}`;
    if (this.#seen.has(name) && !(type === 'Directory' && this.#seen.get(name) === 'Directory'))
      return `${shown} is there twice`;
    for (let at = posix.dirname(name); at !== '.'; at = posix.dirname(at)) {
      const above = this.#seen.get(at);
      if (above !== undefined && above !== 'Directory')
        return `${shown} is below ${visible(at)}, which is not a folder`;
    }
    if (type === 'SymbolicLink') return this.#linkFault(name, posix.join(posix.dirname(name), linkpath), linkpath);
    if (type === 'Link')
      return this.#seen.get(plain(linkpath)) === 'File' ? null : `${shown} is a hard link to what is not in it`;
    return type === 'File' || type === 'OldFile' || type === 'Directory' ? null : `${shown} is not a file (${type})`;
  }

  /** `.bin/x -> ../x/cli.js` stays within; what is absolute or climbs out does not. */
  #linkFault(name: string, target: string, written: string): string | null {
    const leadsOut =
      written.startsWith('/') || /^[A-Za-z]:|\\/.test(written) || target === '..' || target.startsWith('../');
    return leadsOut ? `${visible(name.slice(0, 200))} is a link out of the repository` : null;
  }
}

const plain = (path: string) => path.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
