import { bareAt, type Literal, quotedAt } from './literal.ts';
import type { SecretName } from './names.ts';

/** A way to write a value behind its name. */
interface Form {
  /** Sticky: what stands between the end of the name and the value. */
  readonly between: RegExp;
  /** What stands in front of the name. */
  readonly before?: RegExp;
  /** May the value stand without quotes? */
  readonly bare: boolean;
  /** The value may as well belong to something else, so that its looks have to tell it. */
  readonly loose?: boolean;
}

/** A value, and how firmly it belongs to the name. */
export interface Assigned extends Literal {
  readonly loose: boolean;
}

const closers = String.raw`(?:\\{0,7}["'\x60*_]{1,3})?[\])}]{0,2}`;
const blank = String.raw`[ \t]{0,20}`;
/** To the value, which may stand on the next line. */
const gap = String.raw`${blank}(?:\\{0,2}\r?\n[ \t]{0,80})?`;
const call = String.raw`(?:(?:new[ \t]{1,4})?[\w.:$]{0,40}!?[([]\s{0,40})?`;
const operator = String.raw`(?:[-=]>|:{1,3}=|[?+.|&~]{0,2}=|={2,3}|!==?|:-?|\|\||\?\?=?|\?:|or\b)`;
const valueKey = `["']?(?:(?:default|parameter|secret|string|plain)?[_-]?(?:value|default|val)|content|data|text)["']?`;
const otherKeys = String.raw`(?:["']?[\w-]{1,30}["']?[ \t]{0,9}[:=][ \t]{0,9}(?:"[^"\n]{0,80}"|[^\s,"{}]{0,80})[ \t]{0,9}[,;]?\s{0,40}){0,3}?`;

const sticky = (pattern: string) => new RegExp(pattern, 'iy');

/** In the order they are tried; of each place the first one that a value stands in counts. */
const forms: readonly Form[] = [
  // NAME=v · "name": "v" · name := "v" · name => 'v' · $name .= "v" · X || 'v' · ${X:-v} · name: |⏎ v · name = (⏎ "v")
  {
    between: sticky(
      `${closers}${blank}${operator}(?:\\*\\*|__)?${gap}(?:[|>][+-]?\\r?\\n[ \\t]{0,80})?(?:!!?\\w{0,20}[ \\t]{1,9}|&\\w{1,30}[ \\t]{1,9})?`,
    ),
    bare: true,
  },
  // name = SecretStr("v") · name = ["v"]
  { between: sticky(`${closers}${blank}${operator}${gap}${call}`), bare: false },
  // name: string = "v" · name: &'static str = "v" · var name string = "v" · name As String = "v"
  {
    between: sticky(
      `(?:${blank}\\??:${blank}[\\w<>|[\\]., &'?*]{1,40}?|[ \\t]{1,9}(?:As[ \\t])?[\\w*[\\]]{1,20})${blank}=${gap}${call}`,
    ),
    bare: false,
  },
  // get("NAME", "v") · define('NAME', 'v') · ["NAME", "v"] · setName("v")
  { between: sticky(`${closers}${blank},\\s{0,80}(?:default\\w{0,9}${blank}[:=]${blank})?`), bare: false, loose: true },
  { between: sticky(`${blank}\\(\\s{0,80}`), bare: false },
  // env::var("NAME").unwrap_or("v") · ENV.fetch("NAME") { "v" }
  { between: sticky(`${closers}${blank}(?:\\.\\w{1,30}[!?]?\\(\\)?){1,2}\\s{0,40}`), bare: false, loose: true },
  { between: sticky(`${closers}${blank}\\{${blank}`), bare: false, loose: true },
  // --name v · ENV NAME v · setx NAME v · proxy_set_header Name v
  {
    between: sticky(`${closers}[ \\t]{1,20}`),
    before:
      /(?:(?:^|[\s"'`[,(])--?|(?:^|\n|[ \t&;|])(?:ENV|ARG|LABEL|set(?:x|env)?|set -\w+|SetEnv|env|proxy_set_header|add_header|fastcgi_param|env\[|export)[ \t]+(?:-\w+[ \t]+)*["']?)[\w.-]{0,60}$/i,
    bare: true,
  },
  // CREATE ROLE … PASSWORD 'v'
  { between: sticky(`[ \\t]{1,9}(?=')`), before: /(?:role|user|login|with|encrypted)\b[^\n;]{0,80}$/i, bare: false },
  { between: sticky(`${closers}[ \\t]{1,20}`), bare: false, loose: true },
  // <name>v</name> · <string name="name">v</string> · <key>name</key><string>v</string>
  { between: sticky(`["']?[^<>\\n]{0,60}>\\s{0,80}(?:<!\\[CDATA\\[)?`), before: /<[^<>\n]{0,80}$/, bare: true },
  { between: sticky(`</[\\w:]{1,20}>\\s{0,80}<[\\w:]{1,20}>\\s{0,80}`), bare: true },
  // name: NAME⏎value: v · {"name": "NAME", "value": "v"} · <add key="NAME" value="v"/> · variable "NAME" { default = "v"
  {
    between: sticky(
      `["']?\\s{0,80}[,;]?\\s{0,80}(?:[{]\\s{0,80})?${otherKeys}(?:--)?${valueKey}${blank}(?:[:=]|[ \\t])${gap}`,
    ),
    before:
      /(?:(?:^|[\s{,"'<-])(?:\w{0,20}[-_]?(?:name|key)|id|field|variable|var|param|property|option|label)["']?\s{0,9}(?:[:=]|[ \t])|variable)\s{0,9}["']?[\w.-]{0,60}$/i,
    bare: true,
  },
  // | name | v |
  { between: sticky(`[\x60*_]{0,3}${blank}\\|${blank}[\x60*_]{0,3}`), before: /\|[^|\n]{0,80}$/, bare: true },
  // The api key for the shop is v
  {
    between: sticky(`(?:[ \\t](?:for|of|to|on)[ \\t][^\\n:=]{1,40}?)?[ \\t](?:is|was|are)[ \\t]{0,9}:?[ \\t]{0,9}`),
    bare: true,
    loose: true,
  },
];

/** The values that a name may stand for, by the ways to write them. */
export function* valuesOf(text: string, name: SecretName): Generator<Assigned> {
  // Most names in code are followed by something else.
  if (
    /[;.)]/.test(text[name.to] ?? '') &&
    !/^(?:\.\w{1,30}[!?]?\(|[)\]}]{1,2}[ \t]{0,9}[^\s;){(])/.test(text.slice(name.to, name.to + 34))
  )
    return;
  const ahead = text.slice(Math.max(0, name.from - 100), name.to - name.rest.length);
  for (const { between, before, bare, loose = false } of forms) {
    between.lastIndex = name.to;
    if (!between.test(text)) continue;
    if (before !== undefined && !before.test(ahead)) continue;
    const at = between.lastIndex;
    const literal = quotedAt(text, at) ?? (bare ? bareAt(text, at) : null);
    if (literal !== null && !closesString(text, name, literal)) yield { ...literal, loose };
  }
  const earlier = valueBefore(text, name);
  if (earlier !== null) yield { ...earlier, loose: false };
}

/** `"password = " + input`: the quote behind the name is the end of the string that the name stands in. */
function closesString(text: string, name: SecretName, { from, quoted }: Literal): boolean {
  const quote = text[name.from - 1];
  return (
    quoted &&
    /["'`]/.test(quote ?? '') &&
    text[name.to] !== quote &&
    text[from - 1] === quote &&
    text[from - 2] !== '\\'
  );
}

const nameKey = /(name|key)["']?\s{0,9}[:=]\s{0,9}["']?$/i;
// Both begin at the word itself: what stands before that in the key changes nothing, and would be tried at every place.
// A bare value is taken as far as it goes, and once: no shorter one has the end behind it.
const before = String.raw`(?:value|default|content)["']?\s{0,9}[:=]\s{0,9}(["']?)(?=([^\s"'\x60,;}]{8,400}))\2\1\s{0,9},?\s{0,80}["']?`;
const valueAhead = {
  name: new RegExp(String.raw`${before}\w{0,20}$`, 'i'),
  key: new RegExp(`${before}$`, 'i'),
};

/** value: v⏎name: NAME */
function valueBefore(text: string, name: SecretName): Literal | null {
  if (!/[\s"':=]/.test(text[name.from - 1] ?? '')) return null;
  const near = Math.max(0, name.from - 40);
  const key = nameKey.exec(text.slice(near, name.from));
  if (key === null) return null;
  const start = Math.max(0, name.from - 560);
  const match = valueAhead[key[1]!.toLowerCase() as 'name' | 'key'].exec(text.slice(start, near + key.index));
  if (!match) return null;
  const from = start + match.index + match[0].indexOf(match[2]!);
  return { from, to: from + match[2]!.length, value: match[2]!, quoted: match[1] !== '' };
}
