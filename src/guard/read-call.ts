import { type Command, type FileEdit, limits, type RawCall, type ToolCall, UnreadableCall } from './call.ts';
import { type Host, isObject, type Json, textIn } from './hosts/host.ts';
import { hosts } from './hosts/index.ts';
import { isPatch, patchEdits } from './patch.ts';

/** A call, and the host whose form the payload has. */
export interface ReadCall {
  readonly call: ToolCall;
  readonly shape: Host;
}

/**
 * Reads one tool call. Hosts read each other's files, so any host's payload is known by its shape.
 * @throws UnreadableCall for what cannot be judged
 */
export function readCall(bytes: Buffer, host: Host): ReadCall {
  if (bytes.length > limits.payload) throw new UnreadableCall(`the call is larger than ${limits.payload >> 20} MiB`);
  let payload: unknown;
  try {
    payload = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    throw new UnreadableCall('what the host handed over is not JSON');
  }
  if (!isObject(payload)) throw new UnreadableCall('what the host handed over is not a JSON object');
  if (isTooDeep(payload, limits.depth)) throw new UnreadableCall('what the host handed over is nested too deeply');
  for (const shape of [host, ...hosts.filter((other) => other !== host)]) {
    const raw = shape.read(payload);
    if (raw !== null) return { call: understood(raw), shape };
  }
  throw new UnreadableCall('what the host handed over names no tool');
}

function isTooDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isTooDeep(inner, left - 1));
}

const commandFields = [
  'command',
  'cmd',
  'command_line',
  'commandLine',
  'CommandLine',
  'script',
  'shell_command',
] as const;
const pathFields = [
  'file_path',
  'filePath',
  'notebook_path',
  'path',
  'target_file',
  'TargetFile',
  'relative_path',
  'absolute_path',
  'filename',
  'file',
  'destination',
  'new_path',
  'to',
  'source',
  'old_path',
  'from',
  'uri',
] as const;
const editorVerbs = /^(?:view|read|create|write|str_replace|insert|undo_edit|edit|replace|append|delete)$/;
const looks = /^(?:view|read|undo_edit)$/;
/** Tools that change files, by what they are called. */
const writer =
  /write|edit|create|replace|patch|insert|delete|remove|move|rename|update|append|notebook|save|put|push|upload|copy|overwrite/i;
const reader = /^(?:.*__)?(?:read|view|list|search|get|find|grep|glob|ls|cat|open|fetch|web|todo|task)/i;

function understood({ tool, input, cwd }: RawCall): ToolCall {
  const isRemote = /^mcp[_:]|^MCP:|__/.test(tool) && !/^developer__/.test(tool);
  const texts = textsIn(input);
  const verb = textIn(input['command']);
  const isEditor = verb !== null && editorVerbs.test(verb) && pathsIn(input).length > 0;
  const patches = [...texts.filter(isPatch)];
  const commands = isEditor || patches.length > 0 ? [] : commandsIn(tool, input);
  const changes = isEditor ? !looks.test(verb) : patches.length === 0 && writer.test(tool) && !reader.test(tool);
  const edits = [...patches.flatMap(patchEdits), ...(changes ? editsIn(input) : [])];
  for (const { text } of commands)
    if (Buffer.byteLength(text) > limits.command)
      throw new UnreadableCall(`the command is longer than ${limits.command >> 10} KiB; split it`);
  return { tool, cwd, commands, edits, texts, isRemote };
}

function commandsIn(tool: string, input: Json): Command[] {
  const shell =
    /powershell|pwsh/i.test(tool) || /^(?:powershell|pwsh)$/i.test(textIn(input['shell']) ?? '')
      ? 'powershell'
      : 'posix';
  return commandFields.flatMap((field): Command[] => {
    const value = input[field];
    if (typeof value === 'string') return [{ text: value, shell }];
    if (!Array.isArray(value) || !value.every((word) => typeof word === 'string')) return [];
    return [{ text: (value as string[]).map(quoted).join(' '), shell: 'posix' }];
  });
}

const quoted = (word: string) => (/^[\w./:=@+,%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const pathsIn = (input: Json): string[] => [
  ...pathFields.flatMap((field) => textIn(input[field]) ?? []).map((path) => path.replace(/^file:\/\//, '')),
  ...['paths', 'files', 'edits', 'file_paths'].flatMap((field) =>
    Array.isArray(input[field])
      ? (input[field] as unknown[]).flatMap((each) =>
          typeof each === 'string' ? [each] : isObject(each) ? pathsIn(each) : [],
        )
      : [],
  ),
];

function editsIn(input: Json): FileEdit[] {
  const whole = textIn(input['content']) ?? textIn(input['file_text']) ?? textIn(input['contents']);
  const steps = replacements(input);
  return [...new Set(pathsIn(input))].map((path) => ({
    path,
    content: (before) => whole ?? (steps.length === 0 ? null : replaced(before, steps)),
  }));
}

interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly all: boolean;
}

function replacements(input: Json): Replacement[] {
  const from = input['old_string'] ?? input['old_str'] ?? input['oldString'] ?? input['oldText'];
  const to = input['new_string'] ?? input['new_str'] ?? input['newString'] ?? input['newText'];
  if (typeof from === 'string' && typeof to === 'string')
    return [{ from, to, all: input['replace_all'] === true || input['replaceAll'] === true }];
  return Array.isArray(input['edits'])
    ? (input['edits'] as unknown[]).flatMap((each) => (isObject(each) ? replacements(each) : []))
    : [];
}

function replaced(before: string | null, steps: readonly Replacement[]): string | null {
  let text = before ?? '';
  for (const { from, to, all } of steps) {
    if (from === '' && before === null) text = to;
    else if (from === '' || !text.includes(from)) return null;
    else text = all ? text.replaceAll(from, () => to) : text.replace(from, () => to);
  }
  return text;
}

/** Every text in the arguments. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
