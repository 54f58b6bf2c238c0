import { join } from 'node:path';
import { isWorkflow } from '../checks/workflows.ts';
import { readOptional } from '../install/plan.ts';
import { ciFiles } from '../install/written.ts';
import { powersOf } from '../readers/workflow.ts';

/**
 * Workflows that only lint and test: they use no secret, deploy nothing and may write nothing, so that a team changes them
 * without asking anybody. Ours never are among them.
 */
export async function plainWorkflows(topLevel: string, tracked: readonly string[]): Promise<string[]> {
  const own: readonly string[] = ciFiles;
  const plain: string[] = [];
  for (const path of tracked) {
    if (!isWorkflow(path) || own.includes(path) || !/^[\w./-]+$/.test(path)) continue;
    const text = await readOptional(join(topLevel, path));
    if (text !== null && powersOf(text).size === 0) plain.push(path);
  }
  return plain;
}
