import type { GitCommand } from '../git/command.ts';
import type { Run } from '../shell/run.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';

/** One program of a command line, with what it is if it is Git. */
export interface Part {
  readonly run: Run;
  readonly words: readonly string[];
  /** Name of the program, without its folder. */
  readonly name: string;
  readonly git: GitCommand | null;
}

/** One kind of refusal: what a part would do that may not be. */
export type Judge = (part: Part, world: World) => readonly Refusal[] | Promise<readonly Refusal[]>;

/** The option by which a command is let through, and how a person says so for all. */
export const askPerson = 'ask the person you work for to do it';
