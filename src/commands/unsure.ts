import { detectAgent } from '../machine/agent.ts';
import { Refused } from '../model/index.ts';
import { ask, askText, isInteractive } from './ask.ts';
import type { Io } from './io.ts';

/** Who decides what `init` can only guess: a person at a terminal, or the guess. */
export interface Unsure {
  /** A word or a command. An empty answer takes the guess. @param fault what is wrong with an answer, or null */
  word(question: string, guess: string, fault: (answer: string) => string | null): Promise<string>;
  /** Yes or no. @param guess what an empty answer means */
  yes(question: string, guess: boolean): Promise<boolean>;
}

/** Nobody is asked. */
export const guesses: Unsure = {
  word: async (_, guess) => guess,
  yes: async (_, guess) => guess,
};

/** Is there a person to ask: a terminal, no CI, and no agent that answers for them? */
export function canAsk(io: Io): boolean {
  return isInteractive(io) && !io.env['CI'] && detectAgent(io.env) === null;
}

/** Asks on the terminal, one line a question, until the answer can be used. Whoever leaves (Ctrl-C) gets nothing written. */
export function askingOn(io: Io): Unsure {
  return {
    async word(question, guess, fault) {
      for (let found: string | null = null; ; ) {
        const typed = await askText(io, `${found === null ? '' : `${found}; `}${question} [${guess}]: `);
        if (typed === null) throw new Refused('nothing is written');
        const answer = typed === '' ? guess : typed;
        found = answer === guess ? null : fault(answer);
        if (found === null) return answer;
      }
    },
    yes: (question, guess) => ask(io, `${question} ${guess ? '[Y/n]' : '[y/N]'} `, guess),
  };
}
