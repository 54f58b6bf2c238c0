/** Where a text names a host or a port. */

/** A place that tests must not name. */
export interface Place {
  /** As the policy has it. */
  readonly name: string;
  readonly environment: string;
}

export interface Mention {
  readonly place: Place;
  /** From 1. */
  readonly line: number;
}

interface Wanted {
  readonly place: Place;
  /** Is the text searched in lower case? */
  readonly anyCase: boolean;
  /** What the text must hold for the rest to be looked at. */
  readonly literal: string;
  fits(text: string, at: number): boolean;
}

/** Mentions that are told of one file; more of them say nothing new. */
const most = 20;

/**
 * Compiles what is looked for.
 * @param targets hosts and ports by environment; a host may start with `*.`
 * @returns finds the mentions in a text, by line, at most one a line for each place
 */
export function mentions(
  targets: Readonly<Record<string, { readonly hosts: readonly string[]; readonly ports: readonly number[] }>>,
): (text: string) => readonly Mention[] {
  const wanted = Object.entries(targets).flatMap(([environment, { hosts, ports }]) => [
    ...hosts.flatMap((host) => hostNames(host).map((literal) => wantedHost({ name: host, environment }, literal))),
    ...ports.map((port) => wantedPort({ name: `port ${port}`, environment }, String(port))),
  ]);
  return (text) => {
    const plain = unescaped(text);
    const lower = plain.toLowerCase();
    return wanted.flatMap((one) => find(one.anyCase ? lower : plain, one)).sort((a, b) => a.line - b.line);
  };
}

function find(text: string, { place, literal, fits }: Wanted): Mention[] {
  const found: Mention[] = [];
  let [line, counted] = [1, 0];
  for (let at = text.indexOf(literal); at >= 0 && found.length < most; at = text.indexOf(literal, at + 1)) {
    if (!fits(text, at)) continue;
    for (; counted < at; counted++) if (text.charCodeAt(counted) === 10) line++;
    if (found.at(-1)?.line !== line) found.push({ place, line });
  }
  return found;
}

/** A host as a URL would hold it, and as it is written; a whole address is taken for its host. */
function hostNames(host: string): string[] {
  const written = host.toLowerCase().replace(/\.$/, '');
  const address = written.includes('://') ? written : `http://${written}`;
  const parsed = URL.canParse(address) ? new URL(address).hostname.replace(/^\[|\]$/g, '') : written;
  const bare = written.replace(/^[a-z+.-]+:\/\//, '').replace(/[:/].*$/, '');
  return [...new Set([parsed, ...(/[^\0-\x7f]/.test(bare) ? [bare.normalize('NFKC')] : [])])].map((name) =>
    name.replace(/\.$/, ''),
  );
}

function wantedHost(place: Place, name: string): Wanted {
  // `*.example.com`: any name below it.
  const below = name.startsWith('*.');
  const literal = below ? name.slice(1) : name;
  return {
    place,
    anyCase: true,
    literal,
    fits(text, at) {
      const after = text.slice(at + literal.length, at + literal.length + 2);
      if (/^(?:[\p{L}\p{N}_-]|\.[\p{L}\p{N}_-])/u.test(after)) return false;
      const before = text.slice(Math.max(0, at - 256), at);
      if (below) return /[a-z0-9-]$/.test(before) && !isMailbox(before.replace(/[a-z0-9.-]+$/, ''), after);
      // A name that goes on to the left is another; `.host` and `*.host` of a cookie or a certificate mean this one.
      return !/[\p{L}\p{N}_-]\.?$/u.test(before) && !isMailbox(before, after);
    },
  };
}

/** `someone@host` is an address to write to, unless it stands in a URL or a remote command. */
function isMailbox(before: string, after: string): boolean {
  if (!before.endsWith('@')) return false;
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return !/:\/\/[^\s/"'`]*@$|\b(?:ssh|scp|sftp|rsync|mosh)\b/.test(line) && !/^:[\d/~a-z]/.test(after);
}

function wantedPort(place: Place, port: string): Wanted {
  return {
    place,
    anyCase: false,
    literal: port,
    fits(text, at) {
      const after = text.slice(at + port.length, at + port.length + 2);
      if (/^(?:[\w$%\u20ac]|\.\d)/.test(after)) return false;
      const before = text.slice(Math.max(0, at - 200), at);
      if (/[\w.]$/.test(before)) return /(?:^|[\s"'`])-[pP]$/.test(before);
      return (
        (hostBefore.test(before) && !sourceFile.test(before)) ||
        (after.startsWith('/') && /(?:^|[\s"'`=(])[a-z][\w-]*:$/i.test(before)) ||
        portBefore.some((lead) => lead.test(before))
      );
    },
  };
}

/** `host:`, where the host is an address, a name with a dot or of a service, or filled in later; or nothing at all. */
const hostBefore = new RegExp(
  [
    String.raw`(?:\blocalhost|(?:\d{1,3}\.){3}\d{1,3}|[\da-f:]\]|[}>*)]|%[sdv]|(?:^|[\s(=]|(?<!\w)["'${'`'}])|\/\/[\w.-]+|@[\w.-]+`,
    String.raw`[a-z][\w-]*\.[a-z]{2,}`,
    String.raw`\b(?:db|database|server|app|api|web|backend|frontend|host|proxy|gateway|postgres|mysql|redis|prod|production)):`,
  ].join('|') + String.raw`(?:["'${'`'}]\s*[+.,]\s*["'${'`'}]?|\$\{\s*)?$`,
  'i',
);

/** A line of a file, not a port of a host. */
const sourceFile = /\.(?:[cm]?[jt]sx?|py|rb|go|php|java|vue|css|html?|json|ya?ml|sh|sql|txt|log):$/i;

/** What else stands directly before a port; all of them end where the number starts. */
const portBefore = [
  // port: 4545, PORT=4545, --port 4545, dbPort = 4545, port: number = 4545, parseInt(process.env.PORT, 10) || 4545
  new RegExp(
    [
      String.raw`(?:(?:(?<![A-Za-z])|\b(?:PG|DB|APP|WEB|API|HTTPS?))PORT(?:_\w{1,30})?`,
      String.raw`(?:(?<![A-Za-z])port|(?<![A-Z])Port|\b(?:pg|db|app|web|api|https?)port)(?:_\w{1,30}|[A-Z]\w{0,30})?)\b`,
    ].join('|') +
      String.raw`(?:\s*:\s*[a-z]\w{1,15}\s*(?==)|["']?\]?\s*\)?\s*,\s*10\s*(?=\)))?["']?\]?` +
      String.raw`[\s"'${'`'}:=,([|?>{})/+-]{1,30}(?:(?:Number|String|parseInt|int|str)\(\s*["'${'`'}]?)?$`,
  ),
  // ports: [1, 4545]
  /(?<![A-Za-z])ports["']?\s*[:=][\s"'`,[({\d-]{1,150}$/i,
  // nc localhost 4545
  /\b(?:nc|ncat|netcat|telnet)\s+(?:-\w+\s+){0,5}[\w.-]+\s+$/,
  // -p 4545, EXPOSE 4545, listen(4545), ('127.0.0.1', 4545)
  /(?:^|[\s"'`])-[pP][\s"',=]{1,6}$/,
  /\b(?:EXPOSE\s|listen\s?\(|connect\s?\(|bind\s?\()\(?\s*["'`]?$/,
  /(?:\blocalhost|(?:\d{1,3}\.){3}\d{1,3}|::1?)["'`]\s*,\s*["'`]?$/i,
];

/**
 * The text with its escapes undone, so that a host reads the same in a URL parameter, a JSON string, a
 * regular expression or a string that was put together. Lines stay lines.
 */
function unescaped(text: string): string {
  let plain = text;
  if (plain.includes('%')) plain = plain.replace(/%(?:25){0,3}([0-9a-f]{2})/gi, (_, hex) => character(hex));
  if (plain.includes('\\'))
    plain = plain
      .replace(/\\(?:u00|u\{0{0,6}(?=\w\w\})|x)([0-9a-f]{2})\}?/gi, (_, hex) => character(hex))
      .replace(/(?<!\\)\\{1,4}([./:-])/g, '$1');
  if (plain.includes('&')) plain = plain.replace(/&(?:#46|#x2e|period);/gi, '.').replace(/&(?:#58|#x3a|colon);/gi, ':');
  if (/[^\0-\x7f]/.test(plain))
    plain = plain
      .normalize('NFKC')
      .replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, '')
      .replaceAll('\u3002', '.');
  // What is put together over lines is read on the first of them.
  if (/["'`]\s*[+.]\s*["'`]/.test(plain))
    plain = plain.replace(/["'`](\s{0,200})[+.](\s{0,200})["'`]([\w.:/@-]{0,300})/g, (_, a, b, rest) => {
      return rest + (a + b).replace(/[^\n]/g, '');
    });
  return plain;
}

/** A character that is no line break, so that lines can be counted. */
function character(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code < 32 || code === 127 ? ' ' : String.fromCharCode(code);
}
