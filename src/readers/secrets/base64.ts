import { Needles } from './needles.ts';

/** The characters of base64 that depend on `raw` alone when `shift` bytes (0–2) stand before it in its group of three. */
export function insideBase64(raw: Buffer, shift: number): string {
  const whole = Buffer.concat([Buffer.alloc(shift), raw])
    .toString('base64')
    .replace(/=+$/, '');
  return whole.slice(charactersBefore(shift), Math.floor(((shift + raw.length) * 8) / 6));
}

/** How many characters of a group tell something of the bytes before. */
function charactersBefore(shift: number): number {
  return [0, 2, 3][shift]!;
}

/** How secrets start that are kept in base64 by others: a Kubernetes secret, a variable of a CI system, a data: URI. */
const heads = [
  ...['-----BEGIN ', 'PuTTY-User-Key', '"private_key"', 'AccountKey=', 'SharedAccessKey='],
  ...['AKIA', 'ASIA', 'AIza', 'GOCSPX-', 'ghp_', 'gho_', 'ghs_', 'github_pat_', 'glpat-', 'ATBB', 'ATATT3x'],
  ...['sk_live_', 'rk_live_', 'whsec_', 'sk-ant-', 'sk-proj-', 'sk-svcacct-', 'xoxb-', 'xoxp-', 'xapp-'],
  ...['npm_', 'pypi-AgE', 'dop_v1_', 'shpat_', 'sq0csp-', 'glsa_', 'gsk_', 'dapi', 'hvs.', 'dckr_pat_'],
  ...['postgres://', 'postgresql://', 'mysql://', 'mongodb://', 'mongodb+srv://', 'redis://', 'rediss://', 'amqps://'],
  ...['"auths"'],
];

let table: Needles<number> | undefined;

/** Characters; a longer piece is decoded to here. */
const longest = 1 << 16;
const run = /[A-Za-z0-9+/_-]+(?:(?:\r?\n[ \t]*|\\n)[A-Za-z0-9+/_-]{4,})*/y;

/** Calls `visit` with each piece of base64 in which a secret seems to start, decoded, and with its place. */
export function decodedPieces(
  bytes: Buffer,
  text: () => string,
  visit: (decoded: Buffer, from: number, to: number) => void,
): void {
  table ??= new Needles(
    heads.flatMap((head) =>
      [0, 1, 2].map((shift) => [insideBase64(Buffer.from(head), shift), charactersBefore(shift)] as const),
    ),
    false,
  );
  let handledTo = 0;
  table.find(bytes, (offset, before) => {
    if (offset < handledTo) return;
    const whole = text();
    let from = offset - before;
    if (from < 0) return;
    // Never back into what was decoded already, so that the time stays linear.
    while (from - 4 >= handledTo && offset - from < longest && /^[A-Za-z0-9+/_-]{4}$/.test(whole.slice(from - 4, from)))
      from -= 4;
    run.lastIndex = from;
    const piece = run.exec(whole)?.[0].slice(0, longest) ?? '';
    handledTo = from + piece.length;
    if (piece.length >= 20) visit(Buffer.from(piece.replace(/\\n|\s+/g, ''), 'base64'), from, handledTo);
  });
}
