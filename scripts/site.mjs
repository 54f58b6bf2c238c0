// Makes site/ from README, docs/ and CHANGELOG: pages that ask nobody for anything, with a search, to be served from any
// folder or opened as files. A link that leads nowhere, or to a heading that is not there, ends it with exit code 1.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { Marked } from 'marked';
import { layout } from './site/layout.mjs';
import { escaped, plainText, slugger } from './site/text.mjs';

const project = resolve(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(project, 'site'));

/** Where each text stands in the site. */
const addresses = { 'README.md': 'index.html', 'docs/README.md': 'pages.html', 'CHANGELOG.md': 'changelog.html' };
for (const name of readdirSync(join(project, 'docs')))
  if (name.endsWith('.md')) addresses[`docs/${name}`] ??= name.replace(/\.md$/, '.html');

const faults = [];
const copied = new Map();
const groups = navigation();
const pages = Object.keys(addresses).map(readPage);
for (const page of pages) for (const link of page.links) checkLink(page, link);
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'files'), { recursive: true });
const order = groups.flatMap(({ entries }) => entries.map(({ source }) => source));
for (const page of pages) {
  const at = order.indexOf(page.source);
  const [before, after] = [at > 0 ? order[at - 1] : null, at < 0 ? null : (order[at + 1] ?? null)].map(neighbour);
  writeFileSync(join(out, page.address), layout({ page, groups, addresses, before, after }));
}
for (const [from, to] of copied) copyFileSync(join(project, from), join(out, to));
for (const name of ['style.css', 'search.js']) copyFileSync(join(import.meta.dirname, 'site', name), join(out, name));
writeFileSync(join(out, 'search-index.js'), `globalThis.searchIndex = ${JSON.stringify(searchIndex())};\n`);
console.log(`wrote ${pages.length} pages to ${basename(out)}/`);

/** The groups of docs/README.md, which every page belongs to. */
function navigation() {
  const index = readFileSync(join(project, 'docs/README.md'), 'utf8');
  const named = index.split(/^## /m).slice(1);
  const found = named.map((part) => ({
    title: part.slice(0, part.indexOf('\n')),
    entries: [...part.matchAll(/^\| \[([^\]]+)\]\(([\w-]+\.md)\)/gm)].map(([, title, file]) => ({
      title,
      source: `docs/${file}`,
    })),
  }));
  const listed = new Set(found.flatMap(({ entries }) => entries.map(({ source }) => source)));
  for (const source of Object.keys(addresses))
    if (/^docs\/(?!README)/.test(source) && !listed.has(source)) faults.push(`docs/README.md does not list ${source}`);
  return found;
}

function neighbour(source) {
  if (source === null) return null;
  const { title } = groups.flatMap(({ entries }) => entries).find((entry) => entry.source === source);
  return { title, address: addresses[source] };
}

/** A page as HTML, with its headings and links. */
function readPage(source) {
  const text = readFileSync(join(project, source), 'utf8').replace(/<!--[\s\S]*?-->\n?/g, '');
  const [headings, links, slug] = [[], [], slugger()];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        const title = plainText(html);
        const id = slug(title);
        headings.push({ depth, id, title });
        const anchor =
          depth === 1 ? '' : ` <a class="anchor" href="#${id}" aria-label="Link to ${escaped(title)}">#</a>`;
        return `<h${depth} id="${id}">${html}${anchor}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        links.push(href);
        return `<a href="${escaped(addressOf(source, href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text: alt }) {
        links.push(href);
        return `<img src="${escaped(addressOf(source, href))}" alt="${escaped(alt)}">`;
      },
      html({ text: raw }) {
        faults.push(`${source} holds HTML: ${raw.trim().slice(0, 60)}`);
        return '';
      },
    },
  });
  const html = marked
    .parse(text)
    .replaceAll('<table>', '<div class="table" tabindex="0" role="group" aria-label="table"><table>')
    .replaceAll('</table>', '</table></div>')
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replaceAll(
      /<p>(<img [^>]*>)<\/p>/g,
      '<div class="picture" tabindex="0" role="group" aria-label="picture">$1</div>',
    )
    .replaceAll(/<th([^>]*)><\/th>/g, '<td$1></td>');
  return { source, address: addresses[source], title: headings[0].title, html, headings, links };
}

/** The address of what a link of a text leads to; files that are no pages are copied. */
function addressOf(source, href) {
  if (/^https:/.test(href)) return href;
  const [path, fragment] = href.split('#');
  const hash = fragment === undefined ? '' : `#${fragment}`;
  if (path === '') return hash;
  const target = normalize(join(dirname(source), path));
  if (addresses[target]) return `${addresses[target]}${hash}`;
  const name = basename(target) === '.protectionrc.example' ? 'protectionrc.example.txt' : basename(target);
  copied.set(target, `files/${name}`);
  return `files/${name}`;
}

function checkLink({ source }, href) {
  if (/^https:/.test(href)) return;
  const [path, fragment] = href.split('#');
  const target = path === '' ? source : normalize(join(dirname(source), path));
  const page = pages.find((one) => one.source === target);
  if (!page && !existsSync(join(project, target))) faults.push(`${source} links to ${href}, which is not there`);
  if (page && fragment !== undefined && !page.headings.some(({ id }) => id === fragment))
    faults.push(`${source} links to ${href}, and there is no such heading`);
}

/** Each section as a search finds it: page, heading, place and words. */
function searchIndex() {
  const searched = pages.filter(({ source }) => source !== 'docs/README.md');
  return searched.flatMap(({ address, title, html }) =>
    html
      .split(/(?=<h[1-6] id=)/)
      .filter((part) => part.startsWith('<h'))
      .map((part) => {
        const [, depth, id, heading] = /^<h(\d) id="([^"]*)">([\s\S]*?)<\/h\1>/.exec(part);
        const own = plainText(heading.replace(/<a class="anchor"[\s\S]*?<\/a>/, '')).trim();
        const words = plainText(part.slice(part.indexOf('</h') + 5).replaceAll(/<\/(?:p|li|td|th|tr|pre)>/g, '$& '));
        return [depth === '1' ? address : `${address}#${id}`, title, own, words.replaceAll(/\s+/g, ' ').trim()];
      }),
  );
}
