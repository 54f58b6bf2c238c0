import { approvals } from './approvals.ts';
import { children } from './children.ts';
import { data } from './data.ts';
import { files } from './files.ts';
import { hooks } from './hooks.ts';
import type { Judge } from './judge.ts';
import { loss } from './loss.ts';
import { refs } from './refs.ts';
import { scripts } from './scripts.ts';

/** Every judge, the gravest first. What an agent of a lower level may not do at all would be one more, in front. */
export const judges: readonly Judge[] = [hooks, approvals, refs, files, scripts, data, children, loss];
