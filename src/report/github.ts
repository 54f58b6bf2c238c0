import type { Finding, Report, Severity } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { placeOf, saidIn, unjudgedIn, unjudgedNames } from './contents.ts';

/** GitHub shows so many annotations of a kind for one step. */
const mostShown = 10;
/** The runner cuts a message there. @see https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs */
const longestMessage = 4096;

/**
 * Text in which the runner obeys nothing, whatever it holds.
 * @param token random, so that the text cannot hold it
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
 */
export function fenced(text: string, token: string): string {
  return `::stop-commands::${token}\n${text}${text.endsWith('\n') ? '' : '\n'}::${token}::\n`;
}

/**
 * The report as workflow commands: an annotation for each finding, for what was not judged, and for each note. Of more
 * than GitHub shows, the last one tells how many are left.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotations(report: Report): string {
  const said = saidIn(report);
  const of = (severity: Severity) => said.filter(({ finding }) => finding.severity === severity);
  const told = (severity: Severity) =>
    of(severity).map(({ check, finding }) => annotation(commands[severity], check, finding));
  const undecided = unjudgedIn(report).map((unjudged) => {
    const title = `not judged${unjudged.checks.length > 3 ? '' : `: ${unjudgedNames(unjudged)}`}`;
    const message = `${unjudged.reason}\nwhat could not be checked has not passed`;
    return annotation('error', title, unjudged.help ? { message, help: unjudged.help } : { message });
  });
  const notes = report.notes.map((message) => annotation('notice', 'git-protect', { message }));
  return [
    ...limited('error', [...undecided, ...told('error')]),
    ...limited('warning', [...headline(report), ...told('warning')]),
    ...limited('notice', [...notes, ...told('note')]),
  ].join('');
}

function headline({ headline: message }: Report): string[] {
  return message === undefined ? [] : [annotation('warning', 'git-protect', { message })];
}

const commands: Readonly<Record<Severity, Command>> = { error: 'error', warning: 'warning', note: 'notice' };
type Command = 'error' | 'warning' | 'notice';

function limited(command: Command, lines: readonly string[]): readonly string[] {
  if (lines.length <= mostShown) return lines;
  const message = `${lines.length - mostShown + 1} more are in the log and in the job summary`;
  return [...lines.slice(0, mostShown - 1), annotation(command, 'git-protect', { message })];
}

/** GitHub can only point at a path that is plain text; another one is told in the message. */
function annotation(command: Command, title: string, finding: Omit<Finding, 'severity'>): string {
  const { path, line } = finding;
  const isText = path !== undefined && !path.startsWith('b64:') && visible(path) === path;
  const place = placeOf({ ...finding, severity: 'error' });
  const properties = [
    ...(isText ? [`file=${property(path)}`] : []),
    ...(isText && line !== undefined && line > 0 ? [`line=${line}`] : []),
    `title=${property(title)}`,
  ];
  return `::${command} ${properties.join(',')}::${data(message(finding, isText ? '' : place))}\n`;
}

/** What is wrong and what helps come first: of a long output the end is kept. */
function message({ message, help }: Pick<Finding, 'message' | 'help'>, place: string): string {
  const [first, ...more] = visible(message).split('\n');
  const head = `${place === '' ? '' : `${visible(place)}: `}${first}${help ? `\nhelp: ${visible(help)}` : ''}`;
  const output = more.join('\n');
  const room = Math.max(0, longestMessage - 16 - head.length);
  return output === '' || room === 0 ? head : `${head}\n\n${output.length > room ? `…${output.slice(-room)}` : output}`;
}

/** @see https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
