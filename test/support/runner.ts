/** A command that the runner of GitHub Actions obeyed. */
export interface Obeyed {
  readonly name: string;
  readonly properties: Record<string, string>;
  readonly data: string;
}

const registered = new Set([
  'stop-commands',
  'set-env',
  'set-output',
  'save-state',
  'add-mask',
  'add-path',
  'add-matcher',
  'remove-matcher',
  'debug',
  'warning',
  'error',
  'notice',
  'group',
  'endgroup',
  'echo',
]);

/**
 * What the runner would obey in the output of a step, read as it reads it: line by line, `::name::` behind white space
 * at the start of a line, else `##[name]` anywhere.
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 * @see https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs
 */
export function obeyed(output: string): Obeyed[] {
  const found: Obeyed[] = [];
  let stopped: string | null = null;
  for (const line of output.split(/\r\n|\n|\r/)) {
    const names = stopped === null ? registered : new Set([stopped]);
    const command = parse(line, names);
    if (command === null) continue;
    if (stopped !== null) stopped = null;
    else if (command.name === 'stop-commands') stopped = command.data.toLowerCase();
    else found.push(command);
  }
  if (stopped !== null) throw new Error('the runner was stopped and never told to go on');
  return found;
}

function parse(line: string, names: ReadonlySet<string>): Obeyed | null {
  const second = /^::(.*?)::(.*)$/.exec(line.trimStart());
  if (second) {
    const command = split(second[1]!, ',', second[2]!, names);
    if (command) return command;
  }
  const first = /##\[(.*?)\](.*)$/.exec(line);
  return first ? split(first[1]!, ';', first[2]!, names) : null;
}

function split(info: string, separator: string, data: string, names: ReadonlySet<string>): Obeyed | null {
  const [, name, rest] = /^(\S*) ?(.*)$/.exec(info)!;
  if (!names.has(name!.toLowerCase())) return null;
  const properties = Object.fromEntries(
    rest!
      .trim()
      .split(separator)
      .filter((pair) => pair.includes('='))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), plain(pair.slice(pair.indexOf('=') + 1))]),
  );
  return { name: name!.toLowerCase(), properties, data: plain(data) };
}

function plain(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
