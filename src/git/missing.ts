import { Undecided } from '../model/errors.ts';

/** What is thrown where the clone lacks an object. @param name its id, or what stands for it */
export function missing(name: string): Undecided {
  return new Undecided(`object ${name} is missing`, 'git fetch');
}
