// The search of the site: its index is a file beside it, which is loaded when somebody begins to search.
const [input, list] = ['search', 'found'].map((id) => document.getElementById(id));
const most = 12;
let loaded;
let active = -1;

input.parentElement.hidden = false;
// Without script the menu stays open; with it, it is closed where it would fill the screen of a phone.
if (matchMedia('(max-width: 60rem)').matches) document.querySelector('.menu').open = false;
document.querySelector('.menu a[aria-current]')?.scrollIntoView({ block: 'nearest' });

function index() {
  loaded ??= new Promise((done, failed) => {
    const script = document.createElement('script');
    script.src = 'search-index.js';
    script.onload = () => done(globalThis.searchIndex);
    script.onerror = failed;
    document.head.append(script);
  });
  return loaded;
}

/** Sections that hold every word, best first: a heading weighs more than the text. */
function search(sections, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = sections.flatMap(([address, page, heading, text]) => {
    const [title, head, body] = [page, heading, text].map((part) => part.toLowerCase());
    let score = 0;
    for (const word of words) {
      const begins = new RegExp(`(^|[^\\p{L}\\p{N}])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'u');
      const own = (head.includes(word) ? 20 : 0) + (begins.test(head) ? 30 : 0) + (head === word ? 60 : 0);
      const around = (title.includes(word) ? 8 : 0) + (body.includes(word) ? 4 : 0) + (begins.test(body) ? 4 : 0);
      if (own + around === 0) return [];
      score += own + around;
    }
    if (address.startsWith('changelog')) score /= 4;
    return [{ address, page, heading, text, score }];
  });
  return scored.sort((a, b) => b.score - a.score).slice(0, most);
}

/** A piece of the text around the first word, with the words marked. */
function excerpt(text, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const at = Math.max(
    0,
    ...words
      .map((word) => text.toLowerCase().indexOf(word))
      .filter((place) => place >= 0)
      .slice(0, 1),
  );
  const from = Math.max(0, text.lastIndexOf(' ', Math.max(0, at - 40)));
  return `${from > 0 ? '… ' : ''}${text.slice(from, from + 130).trim()}${text.length > from + 130 ? ' …' : ''}`;
}

function marked(text, query) {
  const words = query.split(/\s+/).filter(Boolean);
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(${pattern})`, 'gi')).map((part, at) => {
    if (at % 2 === 0) return part;
    const mark = document.createElement('mark');
    mark.textContent = part;
    return mark;
  });
}

function show(found, query) {
  active = -1;
  const items = found.map(({ address, page, heading, text }, at) => {
    const [item, link, title, words] = ['li', 'a', 'strong', 'span'].map((name) => document.createElement(name));
    item.id = `found-${at}`;
    item.role = 'option';
    item.ariaSelected = 'false';
    link.href = address;
    link.tabIndex = -1;
    title.append(...marked(heading === page ? page : `${page} › ${heading}`, query));
    words.append(...marked(excerpt(text, query), query));
    link.append(title, words);
    item.append(link);
    return item;
  });
  if (items.length === 0) {
    const none = document.createElement('li');
    none.className = 'none';
    none.role = 'option';
    none.textContent = 'Nothing found.';
    items.push(none);
  }
  list.replaceChildren(...items);
  list.hidden = false;
  input.setAttribute('aria-expanded', 'true');
  input.removeAttribute('aria-activedescendant');
}

function close() {
  list.hidden = true;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

function move(by) {
  const items = [...list.querySelectorAll('li[id]')];
  if (items.length === 0) return;
  items[active]?.setAttribute('aria-selected', 'false');
  active = (active + by + items.length) % items.length;
  items[active].setAttribute('aria-selected', 'true');
  items[active].scrollIntoView({ block: 'nearest' });
  input.setAttribute('aria-activedescendant', items[active].id);
}

async function look() {
  const query = input.value.trim();
  if (query === '') return close();
  const sections = await index();
  if (query === input.value.trim()) show(search(sections, query), query);
}

input.addEventListener('focus', index);
input.addEventListener('input', look);
input.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') move(1);
  else if (event.key === 'ArrowUp') move(active < 0 ? 0 : -1);
  else if (event.key === 'Enter')
    (list.querySelector('li[aria-selected="true"] a') ?? list.querySelector('a'))?.click();
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
});
list.addEventListener('click', close);
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || /^(?:INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  input.focus();
});
document.addEventListener('click', (event) => {
  if (!input.parentElement.contains(event.target)) close();
});
