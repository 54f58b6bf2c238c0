import type { Usage } from './options.ts';

/** A command as the overview knows it. */
export interface Entry {
  readonly does: string;
  load(): Promise<{ readonly usage: Usage }>;
}

/** A command or one of its second words, with all that can be said of it. */
export interface Listed {
  readonly name: string;
  readonly does: string;
  readonly usage: Usage;
  readonly verbs: readonly Listed[];
}

/** What the one table says of each command, for help in pages and for completion. */
export async function listed(commands: Readonly<Record<string, Entry>>): Promise<Listed[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { does, load }]) => {
      const { usage } = await load();
      return { name, does, usage, verbs: await verbsOf(usage) };
    }),
  );
}

/** Second words: those with flags of their own, else the literal ones among what follows the command. */
async function verbsOf(usage: Usage): Promise<Listed[]> {
  if (usage.verbs !== undefined)
    return Promise.all(
      Object.entries(usage.verbs).map(async ([name, { does, load }]) => ({
        name,
        does,
        usage: load === undefined ? usage : (await load()).usage,
        verbs: [],
      })),
    );
  const alternatives = usage.words?.split(' | ').map((words) => words.split(' ')[0]!) ?? [];
  return alternatives.filter((word) => /^[a-z-]+$/.test(word)).map((name) => ({ name, does: '', usage, verbs: [] }));
}
