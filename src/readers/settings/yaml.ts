import { deepest, largest, list, map, scalar, type Tree, Unreadable } from './tree.ts';
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from './yaml-package.ts';

/** The largest YAML that is read, in bytes; its reader takes a second for that. */
const longest = 1 << 20;

/** Documents in one file that are read. */
const mostDocuments = 1000;

/**
 * Reads the documents of a YAML 1.2 file; anchors and merge keys are written out.
 * @throws Unreadable
 */
export function readYaml(text: string): Tree[] {
  if (text.length > longest) throw new Unreadable(`is YAML of more than ${longest >> 20} MiB`);
  // YAML 1.1 ends a line there, and YAML 1.2 does at a lone carriage return; this reader does not.
  const odd = /\r(?!\n)|[\u0085\u2028\u2029]/.exec(text);
  if (odd !== null)
    throw new Unreadable(
      'has a line break that programs read differently',
      text.slice(0, odd.index).split('\n').length,
    );
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  refuseDepth(tokens, lines);
  if (tokens.filter(({ type }) => type === 'document').length > mostDocuments)
    throw new Unreadable(`has more than ${mostDocuments} documents`);
  // The composer looks for repeated keys in quadratic time, and its own messages quote the content.
  const composer = new Composer({
    version: '1.2',
    uniqueKeys: false,
    stringKeys: true,
    intAsBigInt: true,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents = [...composer.compose(tokens, true, text.length)];
  // A last `---` with nothing behind it is none.
  while (documents.length > 1 && isEmpty(documents.at(-1)!)) documents.pop();
  return documents.map((document) => readDocument(document, lines));
}

/** The composer calls itself level by level, and a stack that runs out can end the process. */
function refuseDepth(tokens: readonly CST.Token[], lines: LineCounter): void {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest)
      throw new Unreadable(`is nested deeper than ${deepest} levels`, lines.linePos(level[0]!.offset).line);
    const next: CST.Token[] = [];
    for (const token of level) {
      if (token.type === 'document' && token.value) next.push(token.value);
      if (!('items' in token)) continue;
      for (const { key, value } of token.items) {
        if (key) next.push(key);
        if (value) next.push(value);
      }
    }
    level = next;
  }
}

function isEmpty({ contents, errors }: Document): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.source === '' && !contents.tag));
}

function readDocument(document: Document, lines: LineCounter): Tree {
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    if (code === 'TAG_RESOLVE_FAILED') continue;
    throw new Unreadable(`is not valid YAML: ${message}`, lines.linePos(pos[0]).line);
  }
  const reader = new YamlReader(lines);
  return reader.read(document.contents as Node | null, 0);
}

/** Tags that mean the same to every reader. */
const plainTags = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

class YamlReader {
  /** As they are at this point of the document. */
  readonly #anchors = new Map<string, Tree>();
  #merged = 0;
  constructor(readonly lines: LineCounter) {}

  read(node: Node | null, depth: number): Tree {
    if (depth > deepest) throw new Unreadable(`is nested deeper than ${deepest} levels`);
    if (node === null) return scalar(null, null);
    const line = this.lines.linePos(node.range?.[0] ?? 0).line;
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (!target) throw new Unreadable('has an alias to nothing before it', line);
      return { ...target, line };
    }
    const tree = this.#content(node, line, depth);
    if (node.anchor) this.#anchors.set(node.anchor, tree);
    return tree;
  }

  #content(node: Node, line: number, depth: number): Tree {
    const tag = node.tag && !plainTags.test(node.tag) ? node.tag : null;
    if (isMap(node)) return this.#map(node, line, depth, tag);
    if (isSeq(node))
      return list(
        node.items.map((item) => this.read(item as Node | null, depth + 1)),
        line,
        tag,
      );
    if (!isScalar(node)) throw new Unreadable('is not valid YAML', line);
    const isBare = node.type === 'PLAIN' && !node.tag;
    return scalar(node.value, line, isBare ? { source: node.source ?? '' } : { tag });
  }

  #map(node: Node, line: number, depth: number, tag: string | null): Tree {
    const entries = new Map<string, Tree>();
    const merged: Tree[] = [];
    const seen = new Set<string>();
    for (const { key, value } of isMap(node) ? node.items : []) {
      if (!isScalar(key)) throw new Unreadable('has a key that is not a text', line);
      const keyLine = this.lines.linePos(key.range?.[0] ?? 0).line;
      const isMerge = key.value === '<<' && key.type === 'PLAIN';
      const name = String(key.value);
      if (seen.has(name)) throw new Unreadable(`has the key '${name.slice(0, 40)}' twice`, keyLine);
      seen.add(name);
      const child = this.read(value as Node | null, depth + 1);
      const placed = child.line === null ? { ...child, line: keyLine } : child;
      if (isMerge) merged.push(placed);
      else entries.set(name, placed);
    }
    for (const source of merged) this.#merge(entries, source);
    return map(entries, line, tag);
  }

  /** What stands in the map itself, or in an earlier source, wins. */
  #merge(entries: Map<string, Tree>, source: Tree): void {
    const sources = Array.isArray(source.value) ? [...source.children.values()] : [source];
    for (const { value, children } of sources) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new Unreadable('merges something that is not a map', source.line);
      this.#merged += children.size;
      if (this.#merged > largest) throw new Unreadable(`merges more than ${largest} values`, source.line);
      for (const [key, child] of children) if (!entries.has(String(key))) entries.set(String(key), child);
    }
  }
}
