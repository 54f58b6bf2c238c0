// Draws docs/pictures/ from what the built package really prints, the same bytes each time: people, dates, keys and ids are
// pinned. With --check it writes nothing and fails when a picture is out of date.
//
// Another picture is one more entry: `play` returns what a terminal showed, escape sequences included; scripts/scenes.mjs has
// the stage for it. What takes too long for each check, or tells seconds, may be a file that was captured with FORCE_COLOR=1:
// play: () => readFileSync(join(project, 'docs/pictures/NAME.ansi'), 'utf8').
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBuilt } from './built.mjs';
import { picture } from './picture.mjs';
import { refusal } from './scenes.mjs';

const project = resolve(import.meta.dirname, '..');
const pictures = [
  {
    name: 'refusal',
    title:
      'A commit is refused: a protected file, a secret and a migration that loses data, each with the command that helps',
    columns: 96,
    play: refusal,
  },
  {
    name: 'deploy',
    title:
      'A deploy under watch: checks, way back, release, tag, run and ready pass, samples turn bad, and what ran before is back',
    columns: 96,
    // Captured: a real deploy tells seconds.
    play: () => readFileSync(join(project, 'docs/pictures/deploy.ansi'), 'utf8'),
  },
];

ensureBuilt();
mkdirSync(join(project, 'docs/pictures'), { recursive: true });
let stale = false;
for (const { name, play, ...options } of pictures) {
  const file = join(project, 'docs/pictures', `${name}.svg`);
  const drawn = picture(play(), options);
  if (existsSync(file) && readFileSync(file, 'utf8') === drawn) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs/pictures/${name}.svg is out of date: npm run docs`);
    stale = true;
  } else {
    writeFileSync(file, drawn);
    console.log(`wrote docs/pictures/${name}.svg`);
  }
}
process.exitCode = stale ? 1 : 0;
