import { approvals } from './approvals.ts';
import { children } from './children.ts';
import { data } from './data.ts';
import { files } from './files.ts';
import { hooks } from './hooks.ts';
import type { Judge } from './judge.ts';
import { level } from './level.ts';
import { loss } from './loss.ts';
import { refs } from './refs.ts';
import { scripts } from './scripts.ts';

/** Every judge, the gravest first. */
export const judges: readonly Judge[] = [level, hooks, approvals, refs, files, scripts, data, children, loss];
