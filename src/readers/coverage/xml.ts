/** A part of an XML document, in order. */
export type XmlEvent =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly name: string };

/** Characters of a text or an attribute with entities. */
const longestDecoded = 65_536;

/** Elements within elements. */
const deepest = 64;

/**
 * Reads the XML of coverage reports: elements, attributes, text. There are no entities but the five built-in ones and
 * numbers, so nothing in it can grow or reach outside.
 * @throws SyntaxError where it is not well-formed, or cut off
 */
export function* readXml(text: string): Generator<XmlEvent> {
  const open: string[] = [];
  let seen = false;
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('<', at);
    const between = text.slice(at, start < 0 ? text.length : start);
    if (open.length > 0) {
      if (between !== '') yield { kind: 'text', text: decoded(between) };
    } else if (between.trim() !== '') throw new SyntaxError('has text outside its root element');
    if (start < 0) break;
    const skipped = skip(text, start);
    if (skipped !== null) {
      if (skipped.text !== '') yield { kind: 'text', text: skipped.text };
      at = skipped.end;
      continue;
    }
    const tag = readTag(text, start);
    at = tag.end;
    if (tag.closes) {
      if (open.pop() !== tag.name) throw new SyntaxError(`closes <${tag.name}> where that is not open`);
      yield { kind: 'close', name: tag.name };
      continue;
    }
    if (open.length === 0 && seen) throw new SyntaxError('has two root elements');
    if (open.length >= deepest) throw new SyntaxError(`is nested deeper than ${deepest} elements`);
    seen = true;
    yield { kind: 'open', name: tag.name, attributes: tag.attributes };
    if (tag.empty) yield { kind: 'close', name: tag.name };
    else open.push(tag.name);
  }
  if (open.length > 0) throw new SyntaxError(`never closes <${open.at(-1)}>; the report was cut off`);
  if (!seen) throw new SyntaxError('has no root element');
}

/** A comment, an instruction, a document type or CDATA at this place; null: a tag. */
function skip(text: string, start: number): { end: number; text: string } | null {
  const to = (end: string, from: number) => {
    const found = text.indexOf(end, from);
    if (found < 0) throw new SyntaxError('is cut off');
    return found + end.length;
  };
  if (text.startsWith('<!--', start)) return { end: to('-->', start + 4), text: '' };
  if (text.startsWith('<?', start)) return { end: to('?>', start + 2), text: '' };
  if (text.startsWith('<![CDATA[', start)) {
    const end = to(']]>', start + 9);
    return { end, text: text.slice(start + 9, end - 3) };
  }
  if (!text.startsWith('<!', start)) return null;
  const end = to('>', start);
  if (!/^<!DOCTYPE\s[^[<]*>$/.test(text.slice(start, end)))
    throw new SyntaxError('declares entities or elements of its own, which are not read');
  return { end, text: '' };
}

const name = '[A-Za-z_][\\w.:-]*';
const tagStart = new RegExp(`<(/?)(${name})`, 'y');
const attribute = new RegExp(`\\s+(${name})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'y');
const tagEnd = /\s*(\/?)>/y;

function readTag(text: string, start: number) {
  const at = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };
  const tag = at(tagStart, start);
  if (!tag) throw new SyntaxError('is not well-formed XML, or cut off');
  let end = start + tag[0].length;
  const attributes = new Map<string, string>();
  for (let found = at(attribute, end); found; found = at(attribute, end)) {
    if (attributes.has(found[1]!)) throw new SyntaxError(`<${tag[2]}> has ${found[1]} twice`);
    attributes.set(found[1]!, decoded(found[2] ?? found[3]!));
    end += found[0].length;
  }
  const last = at(tagEnd, end);
  const closes = tag[1] !== '';
  if (!last || (closes && (last[1] !== '' || attributes.size > 0)))
    throw new SyntaxError(`<${tag[2]}> is not well-formed XML, or cut off`);
  return { name: tag[2]!, attributes, closes, empty: last[1] !== '', end: end + last[0].length };
}

const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  if (text.length > longestDecoded) throw new SyntaxError('has entities in a text that is too long for a path');
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}));|&/g, (_, decimal, hex, entity) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : null;
    const char = code === null ? entities.get(entity) : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (char === undefined) throw new SyntaxError('has an entity that is not read');
    return char;
  });
}
