/** The document of an incident: written as the team wants to read it later, and open until it names a cause. */

/** Where they lie. */
export const incidentsFolder = 'docs/incidents/';

const mark = '<!-- git-protect: incident -->';
const unknown = '_Not known yet._';

/** Is this one of ours, and has nobody written down its cause? */
export function isOpen(text: string): boolean {
  if (!text.startsWith(mark)) return false;
  const cause = /^## Cause[ \t]*\r?\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(text)?.[1] ?? '';
  const said = cause.replace(/<!--[\s\S]*?-->/g, '').trim();
  return said === '' || said === unknown;
}

/** A line of its timeline. */
export interface Event {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly what: string;
}

/**
 * The document as it is begun.
 * @param timeline what is known already, in any order
 * @param frozen were deploys stopped?
 */
export function incidentText(title: string, at: string, timeline: readonly Event[], frozen: boolean): string {
  const rows = [...timeline, { at, what: 'this document was begun' }].sort((a, b) => (a.at < b.at ? -1 : 1));
  const minutes = (time: string) => `${time.slice(0, 16).replace('T', ' ')} UTC`;
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return `${mark}
# ${title}

Begun ${minutes(at)}. ${frozen ? 'Deploys are frozen.' : ''}

## What people saw

_Who could not do what, from when to when, and how we learned of it._

## Timeline

| when | what |
|---|---|
${rows.map((row) => `| ${minutes(row.at)} | ${cell(row.what)} |\n`).join('')}
## What to do now

1. **Stop.** Deploys are frozen; nobody tries a fix in production.
2. **Go back** to what worked: \`npx git-protect deploy rollback\`, or the newest rollback point above, by the rollback document.
3. **Look** for the cause with what is running again.
4. **Fix** it in staging, with a test that fails without the fix.
5. **Deploy** again: \`npx git-protect thaw\`, and the gate as always.
6. **Write** the rest of this page while it is fresh.

## Cause

${unknown}

## What we change

_What would have kept it from happening, and what would have shown it sooner: each with a name and a date._
`;
}
