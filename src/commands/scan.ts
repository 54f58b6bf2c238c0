import type { Finding, Report } from '../model/index.ts';
import { readFormat } from '../report/index.ts';
import { patternFault } from '../rules/match.ts';
import { treeChange } from '../sources/tree.ts';
import { visible } from '../words/visible.ts';
import { type HeldFiles, heldFiles } from './first-environments.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { reportFlags } from './present.ts';
import { guesses } from './unsure.ts';

export const usage = {
  flags: {
    history: {
      type: 'boolean',
      means: 'every commit of the history too: what was removed later is still in every clone',
    },
    accept: { type: 'boolean', means: 'print the policy lines that let what is found today pass' },
    ...reportFlags,
  },
  example: 'npx git-protect scan --history',
} as const satisfies Usage;

/** The checks that look into files. */
const contents = ['no-secrets', 'forbidden-files', 'test-targets', 'pinned-settings'];

/** `protect scan`: what the repository holds already, by the checks that look into files. */
export async function scan(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  return runJudging(io, {
    gate: 'ci',
    called: 'scan',
    keep: 'location',
    quiet: false,
    format: readFormat(values.format, io.env),
    output: values.output,
    commands: false,
    selection: { within: contents },
    source: (repository) => treeChange(repository, { history: values.history ?? false }),
    told: async (report, repository) => {
      if (values.accept) io.stdout.write(await acceptance(report, (await repository.layout()).topLevel));
    },
  });
}

/** Without files at hand nobody can say that they hold settings only. */
const nothing: HeldFiles = { allowed: [], refused: [] };

/** What the policy has to say for all of it to pass; to be read before it is pasted. */
async function acceptance({ outcomes }: Report, topLevel: string | null): Promise<string> {
  const found = (id: string) => outcomes.find(({ check }) => check === id)?.findings ?? [];
  const errors = (id: string) => found(id).filter(({ severity }) => severity === 'error');
  const secrets = unique(errors('no-secrets').flatMap(secretEntry));
  const nameless = [...errors('no-secrets'), ...errors('forbidden-files')].flatMap(({ path }) =>
    path !== undefined && patternFor(path) === null ? [path] : [],
  );
  const files = unique(errors('forbidden-files').flatMap(({ path }) => path ?? []));
  const { allowed: settings } = topLevel === null ? nothing : await heldFiles(topLevel, files, guesses);
  if (secrets.length + files.length === 0) return 'nothing has to be accepted\n';
  const lines = ['# Read it first: what is a secret has to be replaced, not accepted.', 'checks:'];
  if (secrets.length > 0)
    lines.push('  no-secrets:', '    options:', '      allow:', ...secrets.map((entry) => `        - ${entry}`));
  if (files.length > 0) lines.push('  forbidden-files:', '    options:');
  const allowed = files.filter((path) => !settings.includes(path));
  if (allowed.length > 0) lines.push(`      allow: [${patternsFor(allowed)}]`);
  if (settings.length > 0)
    lines.push(`      settings: [${patternsFor(settings)}] # as long as no password, key or token is in them`);
  for (const path of unique(nameless))
    lines.push(`# no pattern can name ${JSON.stringify(visible(path))}: rename it, or take it out`);
  return `${lines.join('\n')}\n`;
}

/** The entry that the finding's own advice names; where it names none, the place. */
function secretEntry({ help = '', path }: Finding): string[] {
  const fingerprint = /fingerprint: "([^"]+)"/.exec(help)?.[1];
  const pattern = path === undefined ? null : patternFor(path);
  const place = pattern === null ? '' : `path: ${pattern}`;
  if (fingerprint !== undefined) return [`{ ${place === '' ? '' : `${place}, `}fingerprint: "${fingerprint}" }`];
  return place === '' ? [] : [`{ ${place} } # whatever it holds`];
}

/** The one file of that name as a pattern; null where no pattern can name it. */
function patternFor(path: string): string | null {
  const pattern = `/${path.replace(/[*?[\]\\]/g, '\\$&')}`;
  return path.startsWith('b64:') || visible(path) !== path || patternFault(pattern) !== null
    ? null
    : JSON.stringify(pattern);
}

const patternsFor = (paths: readonly string[]) => paths.flatMap((path) => patternFor(path) ?? []).join(', ');

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)].sort();
}
