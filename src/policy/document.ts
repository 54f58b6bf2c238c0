import {
  Composer,
  type CST,
  type Document,
  isScalar,
  Lexer,
  type LineCounter,
  type Node,
  Parser,
  visit,
} from '../readers/settings/yaml-package.ts';
import { shortened } from '../words/shortened.ts';
import type { PolicyFault } from './fault.ts';

/** Deeper and longer than any policy that a person reads. The composer calls itself level by level, and its time and memory grow with each part. */
const deepest = 100;
const mostParts = 250_000;

/** What the text of a policy says as YAML, and what is wrong with it as such: a document only where nothing but repeated keys is. */
export interface ReadDocument {
  readonly document: Document.Parsed | null;
  readonly faults: readonly PolicyFault[];
  readonly repeated: readonly PolicyFault[];
}

/** Reads the text of a policy, YAML or JSON, in bounded time whatever it holds. */
export function readDocument(text: string, lines: LineCounter): ReadDocument {
  const fault = (line: number, message: string): ReadDocument => ({
    document: null,
    faults: [{ line, message }],
    repeated: [],
  });
  const parts = partsOf(text, lines);
  if ('message' in parts) return fault(parts.line, parts.message);
  // The composer looks for repeated keys in quadratic time.
  const composer = new Composer({
    version: '1.2',
    uniqueKeys: false,
    customTags: [],
    stringKeys: true,
    lineCounter: lines,
    prettyErrors: false,
  });
  const [document, second] = composer.compose(parts.tokens, true, text.length);
  if (!document) return fault(1, 'holds no document');
  if (second) return fault(lineAt(lines, second.range[0]), 'holds more than one document; keep one');
  const faults = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    line: lineAt(lines, pos[0]),
    message: message.split('\n')[0]!,
  }));
  if (faults.length > 0 || document.contents === null) return { document, faults, repeated: [] };
  const tricks = yamlTricks(document, lines);
  return { document, faults: tricks, repeated: tricks.length > 0 ? [] : repeatedKeys(document, lines) };
}

/** The parts of a text as they are found, and not one more than can be read. */
function partsOf(text: string, lines: LineCounter): { readonly tokens: readonly CST.Token[] } | PolicyFault {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  let read = 0;
  for (const part of new Lexer().lex(text)) {
    tokens.push(...parser.next(part));
    if (++read > mostParts) return { line: lines.lineStarts.length, message: `has more than ${mostParts} parts` };
    if (parser.stack.length > deepest)
      return { line: lines.lineStarts.length, message: `is nested deeper than ${deepest} levels` };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function lineAt(lines: LineCounter, offset: number): number {
  return lines.linePos(offset).line || 1;
}

/** A policy reads as it stands: nothing refers to another place, nothing changes its type. */
function yamlTricks(document: Document, lines: LineCounter): PolicyFault[] {
  const faults: PolicyFault[] = [];
  const fault = (node: Node, message: string) =>
    void faults.push({ line: lineAt(lines, node.range?.[0] ?? 0), message });
  visit(document, {
    Alias: (_, node) => fault(node, 'YAML anchors and aliases are not read; write the value out'),
    Node: (_, node) => {
      if ('anchor' in node && node.anchor) fault(node, 'YAML anchors and aliases are not read; write the value out');
      if (node.tag) fault(node, `YAML tags are not read (${node.tag.slice(0, 40)})`);
    },
  });
  return faults;
}

function repeatedKeys(document: Document, lines: LineCounter): PolicyFault[] {
  const faults: PolicyFault[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        const name = String(isScalar(key) ? key.value : key);
        if (seen.has(name)) {
          const line = lineAt(lines, (key as Node).range?.[0] ?? 0);
          faults.push({ line, message: `'${shortened(name, 80)}' is there twice; keep one` });
        }
        seen.add(name);
      }
    },
  });
  return faults;
}
