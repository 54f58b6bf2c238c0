import { createHash } from 'node:crypto';
import { type Check, exitCode, type Finding, type Report } from '../model/index.ts';
import { inertJson } from '../words/inert.ts';
import { visible } from '../words/visible.ts';
import { placeOf, unjudgedIn, verdictOf } from './contents.ts';

/** What describes a check. */
export type Declared = Pick<Check, 'id' | 'summary' | 'docs'>;

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const home = 'https://www.npmjs.com/package/git-protect';
const notJudged = 'not-judged';
/** What paths are relative to. */
const top = '%SRCROOT%';

/**
 * The report as SARIF 2.1.0. Each result has a location, as GitHub asks: what is of no file is placed at the policy.
 * What was not judged is a notification and a result, so that an upload of it closes no alert.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 * @see https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
 */
export function sarifReport(report: Report, checks: readonly Declared[], version: string): string {
  const policyPath = report.policy?.source.replace(/^[^:]*:/, '') ?? '.protectionrc';
  const run = {
    tool: { driver: driver(report, checks, version) },
    invocations: [invocation(report)],
    originalUriBaseIds: { [top]: { description: { text: 'the top of the repository' } } },
    columnKind: 'utf16CodeUnits',
    results: withFingerprints(placed(report)).map(({ rule, finding, fingerprint }) => ({
      ruleId: rule.id,
      ruleIndex: rule.index,
      level: finding.severity,
      message: { text: text(finding.message, finding.help, otherPlace(finding)) },
      locations: [location(finding, policyPath)],
      partialFingerprints: { 'gitProtect/v1': fingerprint },
    })),
    properties: { gate: report.gate, changes: report.changes },
  };
  return `${inertJson(JSON.stringify({ $schema: schema, version: '2.1.0', runs: [run] }, null, 2))}\n`;
}

function driver({ outcomes }: Report, checks: readonly Declared[], version: string): object {
  return {
    name: 'git-protect',
    version,
    semanticVersion: version,
    informationUri: home,
    rules: outcomes.map(({ check }) => rule(check, checks)),
    notifications: [{ id: notJudged, shortDescription: { text: 'A check could not judge, so nothing passed.' } }],
  };
}

function rule(id: string, checks: readonly Declared[]): object {
  const known = checks.find((check) => check.id === id);
  if (!known) return { id, shortDescription: { text: `${visible(id)}, a check of this repository` } };
  const { summary, docs } = known;
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: docs.why },
    help: { text: docs.fix.replaceAll('`', ''), markdown: docs.fix },
    helpUri: `${home}#gates-and-checks`,
  };
}

function invocation(report: Report): object {
  const { outcomes, verdict } = report;
  const notifications = outcomes.flatMap(({ check, status, reason, help }, index) =>
    status === 'errored'
      ? [
          {
            descriptor: { id: notJudged, index: 0 },
            associatedRule: { id: check, index },
            level: 'error',
            message: { text: text(reason ?? '', help) },
          },
        ]
      : [],
  );
  return {
    executionSuccessful: notifications.length === 0,
    exitCode: { pass: exitCode.pass, refuse: exitCode.refused, undecided: exitCode.undecided }[verdict],
    exitCodeDescription: verdictOf(report),
    toolExecutionNotifications: notifications,
  };
}

/** A finding, and the place of its rule in the list. */
interface Placed {
  readonly rule: { readonly id: string; readonly index: number };
  readonly finding: Finding;
}

/** All findings in the order of the rules; checks that could not judge for one reason tell it once. */
function placed(report: Report): Placed[] {
  const tellers = new Set(unjudgedIn(report).map(({ checks: [first] }) => first));
  return report.outcomes.flatMap(({ check, findings, reason, help }, index) => {
    const unjudged: Finding = { severity: 'error', message: `not judged: ${reason ?? ''}`, ...(help ? { help } : {}) };
    const all = tellers.has(check) ? [...findings, unjudged] : findings;
    return all.map((finding) => ({ rule: { id: check, index }, finding }));
  });
}

/** The same finding has the same fingerprint in every run: no line numbers, which move, and only the message's first line. */
function withFingerprints(results: readonly Placed[]): (Placed & { fingerprint: string })[] {
  const seen = new Map<string, number>();
  return results.map((result) => {
    const { path, commit, ref, message } = result.finding;
    const what = [result.rule.id, path ?? '', commit ?? '', ref ?? '', message.split('\n')[0]];
    const hash = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);
    const n = (seen.get(hash) ?? 0) + 1;
    seen.set(hash, n);
    return { ...result, fingerprint: `${hash}:${n}` };
  });
}

/** What the location does not tell: a commit, a ref, a path that no URI names. */
function otherPlace(finding: Finding): string {
  return finding.path !== undefined && relativeUri(finding.path) !== null ? '' : placeOf(finding);
}

/** In SARIF, `[text](target)` in a message is a link. */
function text(message: string, help: string | undefined, place = ''): string {
  const whole = `${place === '' ? '' : `${place}: `}${message}${help === undefined ? '' : `\nhelp: ${help}`}`;
  return visible(whole).replaceAll('](', '] (');
}

function location({ path, line }: Finding, policyPath: string): object {
  const uri = path === undefined ? null : relativeUri(path);
  const startLine = uri !== null && line !== undefined && line > 0 ? line : 1;
  const artifactLocation = { uri: uri ?? relativeUri(policyPath) ?? '.protectionrc', uriBaseId: top };
  return { physicalLocation: { artifactLocation, region: { startLine } } };
}

/** A path in the repository as a relative URI; null where it is none, or its bytes are not UTF-8. */
function relativeUri(path: string): string | null {
  const bytes = path.startsWith('b64:') ? Buffer.from(path.slice(4), 'base64') : Buffer.from(path);
  const name = bytes.toString('utf8');
  if (!Buffer.from(name).equals(bytes)) return null;
  const segments = name.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment))) return null;
  return segments.map(encodeURIComponent).join('/');
}
