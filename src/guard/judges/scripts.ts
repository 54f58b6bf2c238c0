import { isAbsolute, join } from 'node:path';
import { gitFile, ownFile } from '../own-files.ts';
import { located } from '../paths.ts';
import type { Refusal } from '../verdict.ts';
import type { World } from '../world.ts';
import { judgeFile } from './files.ts';
import { literals, mayAct, mayStart, scriptOf } from './interpreters.ts';
import type { Judge, Part } from './judge.ts';

/** Scripts of interpreters, which nobody can read to the end: what they name literally is what they are judged by. */
export const scripts: Judge = async (part, world) => {
  const script = part.run.far ? null : scriptOf(part.run);
  if (script === null || !mayAct(script)) return [];
  if (mayStart(script) && /\b(?:HUSKY|LEFTHOOK)\b['"\])]*\s*[:=,]+\s*['"]?0/.test(script))
    return [
      {
        kind: 'hooks',
        part: part.run.text,
        message: 'the script switches the hooks off',
        help: 'run it without, and fix what the hook reports',
      },
    ];
  for (const text of new Set([
    ...literals(script),
    ...literals(script).flatMap((literal) => literal.split(/[\s;|&<>()]+/)),
  ])) {
    const found = await judgePath(text, part, world);
    if (found !== null) return [found];
  }
  return [];
};

async function judgePath(text: string, part: Part, world: World): Promise<Refusal | null> {
  if (text === '' || text.length > 512 || /[\n\0]/.test(text) || !/[./]|hooks|git/i.test(text) || part.run.cwd === null)
    return null;
  const target = located(isAbsolute(text) ? text : join(part.run.cwd, text), text, world.place);
  if (target.inTree === '') return null;
  const own =
    target.inGit !== null
      ? gitFile(target.inGit)
      : ownFile(target.inTree ?? target.absolute ?? '', world.hooksFolder, 'write');
  if (own !== null)
    return {
      kind: own.kind,
      part: part.run.text,
      message: `${text} is ${own.what}, and a script that may change it names it`,
      help: 'leave it as it is, or read it by a command that only reads',
    };
  return judgeFile(target, null, part.run.text, world);
}
