import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { equal, is, match, ok } from 'uvu/assert';
import { browser, browserPath, closeBrowser } from './support/browser.ts';
import { needing, suite } from './support/suite.ts';
import { folder, projectRoot, run } from './support/world.ts';

const site = folder('site');
const made = run(projectRoot, process.execPath, ['scripts/site.mjs', site]);
const test = suite('site');
const missing = browserPath === null ? 'Chromium' : null;
test.after(closeBrowser);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pages = () => readdirSync(site).filter((name) => name.endsWith('.html'));
/** Where to leave pictures for a person to look at. */
const shots = process.env['SITE_SHOTS'];

async function open(
  name: string,
  options: Parameters<Awaited<ReturnType<typeof browser>>['newPage']>[0] = {},
): Promise<{ page: Page; trouble: string[] }> {
  const page = await (await browser()).newPage({ viewport: { width: 1360, height: 900 }, ...options });
  const trouble: string[] = [];
  page.on('console', (message) => void trouble.push(message.text()));
  page.on('pageerror', (error) => void trouble.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(pathToFileURL(site).href)) trouble.push(request.url());
  });
  await page.goto(pathToFileURL(join(site, name)).href);
  return { page, trouble };
}

async function picture(page: Page, name: string): Promise<void> {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Findings of axe above minor, by the rule and the place. */
async function found(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
        };
      }
    ).axe.run({ preload: false });
    return violations.flatMap(({ id, impact, nodes }) =>
      impact === 'minor' ? [] : nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`),
    );
  });
}

test('every page of the docs is a page of the site, and every link leads somewhere', () => {
  is(made.code, 0, made.out);
  for (const name of readdirSync(join(projectRoot, 'docs')))
    if (name.endsWith('.md') && name !== 'README.md') ok(pages().includes(name.replace('.md', '.html')), name);
  ok(pages().length >= 26);
});

test('nothing in it comes from elsewhere', () => {
  for (const name of readdirSync(site)) {
    if (!/\.(?:html|css|js)$/.test(name) || name === 'search-index.js') continue;
    const text = readFileSync(join(site, name), 'utf8');
    equal(text.match(/(?:src|srcset|url\(|@import)[^<>]{0,3}https?:[^"')]*/g), null, name);
    if (name.endsWith('.html')) match(text, "default-src 'none'", name);
  }
});

needing(test, missing, 'the search finds a section by its words, with the keyboard alone', async () => {
  const { page, trouble } = await open('index.html');
  await page.keyboard.press('/');
  await page.keyboard.type('waiver');
  await page.waitForSelector('#found li[id]');
  match((await page.locator('#found li').first().textContent()) ?? '', /Before a deploy › Waivers/);
  await picture(page, 'search');
  await page.keyboard.press('ArrowDown');
  is(await page.locator('#search').getAttribute('aria-activedescendant'), 'found-0');
  await page.keyboard.press('Enter');
  await page.waitForURL(/predeploy\.html#waivers$/);
  await page.fill('#search', 'deadlock of unicorns');
  await page.waitForSelector('#found .none');
  await page.fill('#search', 'no-secrets');
  await page.waitForSelector('#found li[id]');
  match((await page.locator('#found li').first().textContent()) ?? '', /Checks › no-secrets/);
  await page.fill('#search', '<img src=x onerror=alert(1)> \\ (');
  await page.waitForSelector('#found .none');
  await page.keyboard.press('Escape');
  is(await page.locator('#found').isVisible(), false);
  equal(trouble, []);
  await page.close();
});

needing(test, missing, 'no page is wider than a phone, or complains', async () => {
  const { page, trouble } = await open('index.html', { viewport: { width: 360, height: 740 } });
  for (const name of pages()) {
    await page.goto(pathToFileURL(join(site, name)).href);
    const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    is(await page.evaluate<number>(wide), 0, name);
    await picture(page, `phone-${name}`);
  }
  equal(trouble, []);
  await page.close();
});

needing(test, missing, 'pages of each kind have no fault that axe knows, in light and dark', async () => {
  for (const name of ['index.html', 'predeploy.html', 'troubleshooting.html', 'start.html']) {
    const { page } = await open(name);
    equal(await found(page), [], name);
    await page.emulateMedia({ colorScheme: 'dark' });
    equal(await found(page), [], `${name}, dark`);
    await page.close();
  }
});

needing(test, missing, 'it reads without script', async () => {
  const { page, trouble } = await open('policy.html', { javaScriptEnabled: false });
  is(await page.locator('.menu nav').isVisible(), true);
  is(await page.locator('.search').isVisible(), false);
  is(await page.locator('nav.neighbours a').count(), 2);
  is(await page.locator('.menu a[aria-current]').textContent(), 'The policy');
  equal(trouble, []);
  await page.close();
});
