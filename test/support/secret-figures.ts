import { ownSecrets } from '../../src/readers/secrets/own.ts';
import { rules } from '../../src/readers/secrets/rules.ts';
import { type SecretHit, scan } from '../../src/readers/secrets/scan.ts';
import {
  Draw,
  lookAlikes,
  type Sample,
  secretSamples,
  seeded,
  shapes,
  surroundings,
  valueSamples,
  withoutName,
} from './secret-corpus.ts';
import { coded, configured, typed } from './secret-surroundings.ts';

export interface SecretFigures {
  readonly shapes: number;
  /** In how many ways each is written down. */
  readonly surroundings: number;
  /** Kinds that the library knows in our stead. */
  readonly borrowed: readonly string[];
  readonly samples: number;
  readonly found: number;
  /** Values that only the name tells, in ways to write them. */
  readonly ways: number;
  readonly values: number;
  readonly valuesFound: number;
  /** Shapes with nothing beside them that tells what they are. */
  readonly alone: number;
  readonly aloneFound: number;
  readonly lookAlikes: number;
  /** In how many texts without a secret one was reported. */
  readonly falseAlarms: number;
  /** What was missed and what was reported without cause, to mend a rule by. */
  readonly missed: readonly string[];
  readonly wrong: readonly { readonly text: string; readonly hit: SecretHit }[];
}

const noOwn = ownSecrets([]);
const seed = 20261121;

/** Recall and false alarms of the engine on the generated corpus: the same on every machine. */
export async function secretFigures(): Promise<SecretFigures> {
  const samples = secretSamples(seed);
  const values = valueSamples(seed + 2);
  const alone = withoutName(seed + 3);
  const [missed, missedValues, missedAlone] = [await missedOf(samples), await missedOf(values), await missedOf(alone)];
  const draw = new Draw(seeded(seed + 1));
  const texts = Object.entries(lookAlikes).flatMap(([name, make]) =>
    Array.from({ length: 5 }, () => ({ name, text: make(draw) })),
  );
  const wrong: { text: string; hit: SecretHit }[] = [];
  let falseAlarms = 0;
  for (const { name, text } of texts) {
    const hits = await scan(Buffer.from(text), noOwn);
    if (hits.length > 0) falseAlarms++;
    wrong.push(...hits.map((hit) => ({ text: name, hit })));
  }
  return {
    shapes: shapes.length,
    surroundings: Object.keys(surroundings).length,
    borrowed: rules.filter(({ library }) => library !== undefined).map(({ kind }) => kind),
    samples: samples.length,
    found: samples.length - missed.length,
    ways: [configured, typed, coded].reduce((sum, group) => sum + Object.keys(group).length, 0),
    values: values.length,
    valuesFound: values.length - missedValues.length,
    alone: alone.length,
    aloneFound: alone.length - missedAlone.length,
    lookAlikes: texts.length,
    falseAlarms,
    missed: [...missed, ...missedValues, ...missedAlone],
    wrong,
  };
}

async function missedOf(samples: readonly Sample[]): Promise<string[]> {
  const missed: string[] = [];
  for (const { kind, surrounding, text, value } of samples) {
    const hits = await scan(Buffer.from(text), noOwn);
    // A hit counts only where it points at the secret.
    const at = place(text, value);
    if (!hits.some(({ line }) => line === at || line === at + 1)) missed.push(`${kind}, ${surrounding}`);
  }
  return missed;
}

/** The line, from 1, where the secret or its first piece stands. */
function place(text: string, value: string): number {
  const piece = value.split('\n').find((part) => part.length > 0)!;
  const offset = Math.max(text.indexOf(value), text.indexOf(piece), 0);
  return text.slice(0, offset).split('\n').length;
}
