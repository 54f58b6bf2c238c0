// Draws what a terminal showed as an SVG: text that can be read and found, in the colours of the reader's theme.

const [advance, height, padding, bar] = [8.4, 20, 20, 34];
/** The class of each colour that a report uses, by the number that a terminal is sent. */
const colours = { 31: 'red', 32: 'green', 33: 'yellow', 35: 'magenta', 36: 'cyan', 34: 'blue' };
const style = `
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #1f2328; white-space: pre }
  .paper { fill: #f6f8fa; stroke: #d0d7de } .rule { stroke: #d0d7de } .dot { fill: #d0d7de }
  .bold { font-weight: 600 } .dim { fill: #59636e }
  .red { fill: #b3141f } .green { fill: #116329 } .yellow { fill: #7d4e00 } .magenta { fill: #8250df } .cyan { fill: #0b6075 } .blue { fill: #0550ae }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117; stroke: #3d444d } .rule { stroke: #3d444d } .dot { fill: #3d444d }
    .dim { fill: #9198a1 }
    .red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 } .magenta { fill: #d2a8ff } .cyan { fill: #76e3ea } .blue { fill: #79c0ff }
  }
`;

/**
 * The picture of a terminal.
 * @param text what was printed, with its colours as escape sequences
 * @param options.title what it shows, for those who do not see it
 * @param options.columns longer lines go on below, indented as what they continue
 */
export function picture(text, { title, columns = 100 }) {
  const lines = text
    .trimEnd()
    .split('\n')
    .flatMap((line) => wrapped(cellsOf(line), columns));
  const width = Math.ceil(columns * advance + 2 * padding);
  const tall = bar + lines.length * height + 2 * padding - 6;
  const dots = [0, 1, 2].map((at) => `<circle class="dot" cx="${22 + at * 18}" cy="${bar / 2}" r="5.5"/>`).join('');
  const rows = lines.map((cells, at) => row(cells, bar + padding + at * height + 10)).filter((line) => line !== '');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${tall}" viewBox="0 0 ${width} ${tall}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${style}</style>
<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${tall - 1}" rx="8"/>
${dots}<path class="rule" d="M0.5 ${bar}.5H${width - 0.5}"/>
${rows.join('\n')}
</svg>
`;
}

/** A line as characters, each with the classes that the escape sequences before it set. */
function cellsOf(line) {
  const cells = [];
  let [colour, weight] = ['', ''];
  for (const [, codes, character] of line.matchAll(/\x1b\[([\d;]*)m|([^\x1b])/gu)) {
    if (character !== undefined) cells.push({ character, look: `${weight} ${colour}`.trim() });
    for (const code of codes === undefined ? [] : (codes || '0').split(';').map(Number)) {
      if (code === 0) [colour, weight] = ['', ''];
      else if (code === 1) weight = 'bold';
      else if (code === 2) weight = 'dim';
      else if (code === 22) weight = '';
      else if (code === 39) colour = '';
      else if (code in colours) colour = colours[code];
      else throw new Error(`the picture knows no escape sequence ${code}`);
    }
  }
  return cells;
}

/** A line in pieces that fit, broken behind spaces. */
function wrapped(cells, columns) {
  if (cells.length <= columns) return [cells];
  const spaces = cells.findIndex(({ character }) => character !== ' ');
  const indent = Array.from({ length: spaces + 2 }, () => ({ character: ' ', look: '' }));
  const at = cells.findLastIndex(({ character }, index) => character === ' ' && index <= columns && index > spaces + 2);
  if (at < 0) throw new Error(`a word is longer than ${columns} columns`);
  return [cells.slice(0, at), ...wrapped([...indent, ...cells.slice(at + 1)], columns)];
}

/** One line of text; every run stands where a terminal has it, whatever font is there. */
function row(cells, y) {
  const spans = [];
  for (const [at, { character, look }] of cells.entries()) {
    const last = spans.at(-1);
    if (last?.look === look) last.text += character;
    else spans.push({ at, look, text: character });
  }
  const drawn = spans
    .map((span) => ({
      ...span,
      at: span.at + (span.text.length - span.text.trimStart().length),
      text: span.text.trim(),
    }))
    .filter(({ text }) => text !== '')
    .map(({ at, look, text }) => {
      const length = round([...text].length * advance);
      const named = look ? ` class="${look}"` : '';
      return `<tspan x="${round(padding + at * advance)}" textLength="${length}"${named}>${escaped(text)}</tspan>`;
    });
  return drawn.length === 0 ? '' : `<text y="${y}">${drawn.join('')}</text>`;
}

const round = (number) => Math.round(number * 10) / 10;
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
