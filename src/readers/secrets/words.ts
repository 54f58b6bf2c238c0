/** Which letters follow a letter in words and names of code: 225 pairs, 94 % of all in twelve thousand source files. */
const following: Readonly<Record<string, string>> = {
  ...{ a: 'bcdgilmnprstuvy', b: 'aeilouy', c: 'acehiklortu', d: 'adeiosu', e: 'acdefgilmnpqrstvwxy', f: 'aeiortu' },
  ...{ g: 'aehinorsu', h: 'aeiot', i: 'abcdefglmnoprstvz', j: 'e', k: 'ei', l: 'adeilostuy', m: 'abeimop' },
  ...{ n: 'acdefgilostuvy', o: 'abcdfgiklmnoprstuvw', p: 'aeiloprtuy', q: 'u', r: 'acdegilmnorstuvy' },
  ...{ s: 'acehiopstuy', t: 'acehioprstuy', u: 'abceilmnprst', v: 'aei', w: 'aehiow', x: 'pt', y: 'op' },
};

const pieces = /[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d{5,}/g;

/**
 * Do most of its letters stand in words? Of letters drawn at random one pair in three is common, so a piece of four or
 * more rarely reads as a word.
 */
export function isWordLike(value: string): boolean {
  let all = 0;
  let inWords = 0;
  for (const [piece] of value.matchAll(pieces)) {
    all += piece.length;
    if (piece.length >= 3 && isReadable(piece)) inWords += piece.length;
  }
  return all > 0 && inWords >= all * 0.58;
}

function isReadable(piece: string): boolean {
  const letters = piece.toLowerCase();
  let strange = 0;
  for (let i = 1; i < letters.length; i++) if (!following[letters[i - 1]!]?.includes(letters[i]!)) strange++;
  if (strange <= (letters.length - 1) / 4) return true;
  // Words of other languages have other pairs, and as many vowels.
  const vowels = letters.match(/[aeiou]/g)?.length ?? 0;
  return letters.length >= 9 && vowels >= letters.length / 3 && strange <= letters.length * 0.4;
}

const operators = /!==?|===|=>|&&|\|\||\?\.|\?\?|->|\+\+|::|\(\)|\[\]|\/[*/]|;/;
const path = /^[!*&~+-]*[$\w]+(?:(?:\.|!\.)[$\w]+)*[!?]*$/;

/** Is what stands there without quotes an expression: operators, a name, a path of names? */
export function isCode(value: string): boolean {
  if (operators.test(value)) return true;
  if (!path.test(value)) return false;
  const names = value.split(/[^$\w]+/).filter(Boolean);
  return isWordLike(value) || (names.length > 1 && names.every((name) => name.length <= 3 || isWordLike(name)));
}
