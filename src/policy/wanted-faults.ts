import type { Policy } from '../model/index.ts';
import { LineCounter, type Node, parseDocument } from '../readers/settings/yaml-package.ts';
import type { PolicyFault } from './fault.ts';

/** A JSONPath or a pattern in the policy, and the keys that lead to it. */
interface Written {
  readonly keys: readonly (string | number)[];
  readonly at: string | null;
  readonly pattern: string | null;
}

/**
 * What the JSONPaths and regular expressions of a valid policy have wrong. To compile them takes packages that no hook
 * should load, so they are asked only where the policy itself is judged.
 * @param text the file that the policy was parsed from
 */
export async function wantedFaults(text: string, policy: Policy): Promise<PolicyFault[]> {
  const written = writtenIn(policy);
  if (written.length === 0) return [];
  const { wantedFault } = await import('../readers/settings/values.ts');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const faults: PolicyFault[] = [];
  for (const { keys, at, pattern } of written) {
    const fault = await wantedFault({ at, pattern });
    if (fault === null) continue;
    const node = document.getIn(keys, true) as Node | undefined;
    const { line } = lines.linePos(node?.range?.[0] ?? 0);
    const message = `${place(keys)}: '${at ?? pattern}' cannot be read: ${fault}`;
    faults.push({ line: line || 1, message });
  }
  return faults;
}

function writtenIn({ settings, deploy }: Policy): Written[] {
  const pinned = settings.map(({ at, pattern }, index) => ({
    keys: ['settings', index, at === null ? 'pattern' : 'at'],
    at,
    pattern,
  }));
  const asked = Object.entries(deploy).flatMap(([name, { health }]) =>
    health.flatMap(({ expect, commit }, index) => {
      const keys = ['deploy', name, 'health', index];
      const path = (at: string, ...more: string[]) => ({ keys: [...keys, ...more], at, pattern: null });
      return [
        ...Object.keys(expect).map((at) => path(at, 'expect', at)),
        ...(commit === null ? [] : [path(commit, 'commit')]),
      ];
    }),
  );
  return [...pinned, ...asked];
}

/** `settings[0].at`, as other faults name it. */
function place(keys: readonly (string | number)[]): string {
  return keys.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}
