import type { CoverageReport, Lines } from './report.ts';

export interface Minimums {
  /** Percent by pattern. */
  readonly minimums: Readonly<Record<string, number>>;
  /** Every file of the commit. */
  readonly tracked: readonly string[];
  matches(pattern: string, path: string): boolean;
  /** Does the file count nowhere? */
  isExcluded(path: string): boolean;
  /** How many lines a file has that the report leaves out. */
  linesOf(path: string): Promise<number>;
}

/** What is to be said of one pattern: a shortfall with what helps, or a note of how much is covered. */
export interface Finding {
  readonly message: string;
  readonly help?: string;
  readonly severity?: 'note';
}

/** A file as it counts. */
interface Counted extends Lines {
  readonly path: string;
  readonly tracked: boolean;
  readonly missing: boolean;
}

/**
 * Holds a report against the minimums. The files of a pattern are those in the report plus tracked ones whose extension
 * the report knows; these count as not covered. A minimum has to hold with and without the files that are not tracked,
 * so that generated ones can neither raise nor hide anything.
 */
export async function judgeCoverage(report: CoverageReport, asked: Minimums): Promise<Finding[]> {
  const files = await countedFiles(report, asked);
  const problems: Finding[] = [];
  for (const [pattern, minimum] of Object.entries(asked.minimums)) {
    const covered = files.filter(({ path }) => asked.matches(pattern, path));
    problems.push(
      covered.length === 0 ? nothing(pattern, report) : judgeFiles(pattern, minimum, covered, report.format),
    );
  }
  return problems;
}

async function countedFiles(report: CoverageReport, asked: Minimums): Promise<Counted[]> {
  const tracked = new Set(asked.tracked);
  const patterns = Object.keys(asked.minimums);
  const counts = (path: string) => !asked.isExcluded(path) && patterns.some((pattern) => asked.matches(pattern, path));
  const extensions = new Set([...report.files.keys()].map(extension).filter((found) => found !== ''));
  const files: Counted[] = [];
  for (const [path, lines] of report.files)
    if (counts(path)) files.push({ path, ...lines, tracked: tracked.has(path), missing: false });
  for (const path of tracked) {
    if (report.files.has(path) || !extensions.has(extension(path)) || !counts(path)) continue;
    files.push({ path, total: await asked.linesOf(path), covered: 0, tracked: true, missing: true });
  }
  return files;
}

function judgeFiles(pattern: string, minimum: number, files: readonly Counted[], format: string): Finding {
  const own = files.filter(({ tracked }) => tracked);
  const counted = [sum(own), sum(files)].find(({ total, covered }) => !reaches(covered, total, minimum));
  if (!counted) {
    const { total, covered } = sum(files);
    const message = `${pattern}: ${percent(covered, total)} % of ${total} lines are covered, the minimum is ${minimum} % (${format})`;
    return { message, severity: 'note' };
  }
  const { total, covered } = counted;
  if (total === 0) {
    const message = `${pattern}: 0 of 0 lines are counted, so nothing shows that ${minimum} % are covered`;
    return { message, help: 'let the tests load these files, or take the pattern out of coverage.minimums' };
  }
  const missing = files.filter((file) => file.missing && file.total > 0).length;
  const left = missing === 0 ? '' : `; ${missing} not in the report`;
  const message = `${pattern}: ${percent(covered, total)} % of ${total} lines are covered, the minimum is ${minimum} %${left}; worst: ${worst(files)}`;
  const help =
    missing === 0
      ? 'test what is not covered yet'
      : 'let the tests count every file (c8 --all, coverage.include), or name what has no tests in coverage.exclude';
  return { message, help };
}

function nothing(pattern: string, { format, files, outside }: CoverageReport): Finding {
  const [path] = files.keys();
  const seen =
    path !== undefined
      ? `the ${format} report names ${path}`
      : outside[0] !== undefined
        ? `the ${format} report names only files outside the repository: ${outside[0]}`
        : `the ${format} report names no file`;
  return {
    message: `${pattern}: matches no file (${seen})`,
    help: 'correct the pattern, or write the report where the repository is',
  };
}

/** Exact: 79.99 % is under 80. A minimum may have six decimals. */
function reaches(covered: number, total: number, minimum: number): boolean {
  if (total === 0) return false;
  if (!(minimum >= 0 && minimum <= 100)) throw new RangeError(`a minimum of ${minimum} %`);
  return BigInt(covered) * 100_000_000n >= BigInt(Math.round(minimum * 1e6)) * BigInt(total);
}

function sum(files: readonly Counted[]): Lines {
  let [total, covered] = [0, 0];
  for (const file of files) {
    total += file.total;
    covered += file.covered;
  }
  return { total, covered };
}

/** In percent, rounded down to two decimals. */
function percent(covered: number, total: number): string {
  const hundredths = (BigInt(covered) * 10_000n) / BigInt(total);
  return String(Number(hundredths) / 100);
}

function worst(files: readonly Counted[]): string {
  const open = files.filter(({ total, covered }) => covered < total);
  open.sort((a, b) => a.covered / a.total - b.covered / b.total || b.total - a.total || (a.path < b.path ? -1 : 1));
  return open
    .slice(0, 3)
    .map(({ path, total, covered }) => `${path} ${percent(covered, total)} %`)
    .join(', ');
}

function extension(path: string): string {
  return /[^/](\.[^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}
