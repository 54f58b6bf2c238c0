// The frame of each page of the site.
import { escaped } from './text.mjs';

/** A page, whole. */
export function layout({ page, groups, addresses, before, after }) {
  const start = page.source === 'README.md';
  const title = start ? 'git-protect' : `${page.title} · git-protect`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="style.css">
<script src="search.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="home" href="index.html"${start ? ' aria-current="page"' : ''}>git-protect</a>
<div class="search" role="search" hidden>
<input type="search" id="search" placeholder="Search" autocomplete="off" spellcheck="false" role="combobox" aria-label="Search the pages" aria-expanded="false" aria-controls="found" aria-autocomplete="list">
<kbd aria-hidden="true">/</kbd>
<ul id="found" role="listbox" aria-label="Found" hidden></ul>
</div>
</header>
<div class="frame">
<details class="menu" open>
<summary>All pages</summary>
<nav aria-label="Pages">
${groups.map((group) => navGroup(group, page, addresses)).join('\n')}
</nav>
</details>
<main id="content" tabindex="-1">
${page.html}
${neighbours(before, after)}</main>
${contents(page)}</div>
</body>
</html>
`;
}

function navGroup({ title, entries }, page, addresses) {
  const items = entries.map(({ title: name, source }) => {
    const here = source === page.source ? ' aria-current="page"' : '';
    return `<li><a href="${addresses[source]}"${here}>${escaped(name)}</a></li>`;
  });
  return `<h2>${escaped(title)}</h2>\n<ul>\n${items.join('\n')}\n</ul>`;
}

/** What the page holds, where that is worth a look: the headings of the second depth. */
function contents({ headings }) {
  const seconds = headings.filter(({ depth }) => depth === 2);
  if (seconds.length < 3) return '';
  const items = seconds.map(({ id, title }) => `<li><a href="#${id}">${escaped(title)}</a></li>`);
  return `<nav class="contents" aria-label="On this page">\n<h2>On this page</h2>\n<ul>\n${items.join('\n')}\n</ul>\n</nav>\n`;
}

function neighbours(before, after) {
  if (!before && !after) return '';
  const link = (page, rel, words) =>
    page === null
      ? '<span></span>'
      : `<a rel="${rel}" href="${page.address}"><span>${words}</span> ${escaped(page.title)}</a>`;
  return `<nav class="neighbours" aria-label="Next and previous page">${link(before, 'prev', 'Before')}${link(after, 'next', 'Next')}</nav>\n`;
}
