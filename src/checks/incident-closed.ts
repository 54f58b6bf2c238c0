import { showPath } from '../git/raw.ts';
import type { Check, Problem } from '../model/index.ts';
import { incidentsFolder, isOpen } from '../readers/incident.ts';

/** Refuses a deploy while an incident is open whose cause nobody has written down. */
export const incidentClosed: Check<'contents'> = {
  id: 'incident-closed',
  summary: 'No incident is open without a cause.',
  gates: ['pre-deploy'],
  needs: ['contents'],
  weakenable: true,
  timeout: 30_000,
  docs: {
    since: '0.2.0',
    why: 'A deploy on top of something broken that nobody understands breaks it again, and hides what could have been seen.',
    fix: 'Write down the cause under `## Cause` in the incident document, and commit it. For the fix of the incident itself, an owner waives this check: `npx git-protect approve --deploy ENVIRONMENT --waive incident-closed --reason "…"`.',
  },
  async run({ contents }) {
    const problems: Problem[] = [];
    for (const path of await contents.paths()) {
      if (!path.startsWith(incidentsFolder) || !path.endsWith('.md')) continue;
      const state = await contents.stateAt(path);
      const content = state === null ? null : await contents.blobUpTo(state.oid, 1 << 20);
      if (content === null || !isOpen(content.toString('utf8'))) continue;
      problems.push({
        path: showPath(path),
        message: 'the incident is open: nobody has written down its cause',
        help: "write it under '## Cause', and commit it",
      });
    }
    return problems;
  },
};
