/**
 * Marks that some tools read in SQL files: what follows `down` runs only to take the migration back. To every other
 * tool they are comments.
 * @see https://github.com/amacneil/dbmate#creating-migrations
 * @see https://pressly.github.io/goose/documentation/annotations/
 * @see https://github.com/rubenv/sql-migrate#writing-migrations
 */
const marks = {
  dbmate: { up: /^--\s*migrate:up(?:\s|$)/, down: /^--\s*migrate:down(?:\s|$)/ },
  goose: { up: /^--\s*\+goose Up\s*$/, down: /^--\s*\+goose Down\s*$/ },
  'sql-migrate': { up: /^--\s*\+migrate Up(?:\s|$)/, down: /^--\s*\+migrate Down(?:\s|$)/ },
} as const;

export type Marks = keyof typeof marks;

/** Whose marks the text is written with; null: nobody's. */
export function marksOf(text: string): Marks | null {
  const lines = text.split('\n');
  const found = (Object.keys(marks) as Marks[]).filter((name) => lines.some((line) => marks[name].up.test(line)));
  return found.length === 1 ? found[0]! : null;
}

/** The text with everything between a `down` mark and the next `up` mark left empty, line for line. */
export function upSections(text: string, name: Marks): string {
  const { up, down } = marks[name];
  let isDown = false;
  return text
    .split('\n')
    .map((line) => {
      if (down.test(line)) isDown = true;
      else if (up.test(line)) isDown = false;
      return isDown ? '' : line;
    })
    .join('\n');
}
