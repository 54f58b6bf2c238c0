/** The backup is not what it was: no retry helps. */
export class Broken extends Error {
  override readonly name = 'Broken';
}
