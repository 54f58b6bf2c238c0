// Filters the rows that are there already; without it the page reads the same.
const form = document.getElementById('filters');
const field = (name) => document.getElementById(`f-${name}`);
const names = ['text', 'person', 'kind', 'from', 'to'];
const shown = document.getElementById('shown');
let rows;

/** What is looked for in a row is read from it once, at the first filter. */
function read() {
  rows ??= [...document.querySelectorAll('#steps tbody tr')].map((row) => ({
    row,
    body: row.parentElement,
    kind: row.dataset.kind,
    day: row.querySelector('time').dateTime.slice(0, 10),
    person: row.querySelector('.who').textContent,
    text: row.cells[2].textContent.toLowerCase(),
  }));
  return rows;
}

function wanted() {
  return Object.fromEntries(names.map((name) => [name, field(name).value.trim()]));
}

function fits(one, { text, person, kind, from, to }) {
  return (
    (text === '' ||
      text
        .toLowerCase()
        .split(/\s+/)
        .every((word) => one.text.includes(word))) &&
    (person === '' || one.person === person) &&
    (kind === '' || one.kind === kind || (kind === 'protected' && one.kind !== 'free')) &&
    (from === '' || one.day >= from) &&
    (to === '' || one.day <= to)
  );
}

function filter() {
  const want = wanted();
  const left = new Map();
  let amount = 0;
  for (const one of read()) {
    const fit = fits(one, want);
    one.row.hidden = !fit;
    if (fit) amount++;
    left.set(one.body, (left.get(one.body) ?? false) || fit);
  }
  for (const [body, any] of left) body.hidden = !any;
  const all = rows.length;
  shown.textContent = amount === all ? `All ${all} steps` : `${amount} of ${all} steps`;
  remember(want);
}

/** The address names the filter, so that it can be sent. */
function remember(want) {
  const said = new URLSearchParams(Object.entries(want).filter(([, value]) => value !== ''));
  try {
    history.replaceState(null, '', `#${said.size === 0 ? 'every' : `?${said}`}`);
  } catch {
    // A page that is opened from a file may not be allowed to.
  }
}

let timer;
form.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(filter, 120);
});
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('reset', () => setTimeout(filter));
for (const link of document.querySelectorAll('.timeline a'))
  link.addEventListener('click', (event) => {
    event.preventDefault();
    field('from').value = link.dataset.from;
    field('to').value = link.dataset.to;
    filter();
    const every = document.getElementById('every');
    every.scrollIntoView();
    every.focus({ preventScroll: true });
  });
// A link to a step that a filter hides shows it again.
for (const link of document.querySelectorAll('a[href^="#s-"]:not(.timeline a)'))
  link.addEventListener('click', () => {
    const row = document.getElementById(link.hash.slice(1));
    if (row?.hidden) form.reset();
  });
form.hidden = false;
if (location.hash.startsWith('#?')) {
  const said = new URLSearchParams(location.hash.slice(2));
  for (const name of names) if (said.has(name)) field(name).value = said.get(name);
  filter();
} else shown.textContent = `All ${document.querySelectorAll('#steps tbody tr').length} steps`;
