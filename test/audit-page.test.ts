import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { equal, is, ok } from 'uvu/assert';
import type { Audit } from '../src/audit/facts.ts';
import { auditPage } from '../src/audit/page/index.ts';
import { factsOf } from './support/audit-facts.ts';
import { browser, browserPath, closeBrowser } from './support/browser.ts';
import { needing, suite } from './support/suite.ts';
import { folder } from './support/world.ts';

const test = suite('audit page');
const missing = browserPath === null ? 'Chromium' : null;
test.after(closeBrowser);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where to leave pictures for a person to look at. */
const shots = process.env['AUDIT_SHOTS'];

interface Opened {
  readonly page: Page;
  /** Whatever the page asked for or complained of; nothing may be there. */
  readonly trouble: string[];
}

async function open(
  facts: Audit,
  options: Parameters<Awaited<ReturnType<typeof browser>>['newPage']>[0] = {},
): Promise<Opened> {
  const file = join(folder('page'), 'audit.html');
  writeFileSync(file, auditPage(facts));
  const page = await (await browser()).newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const trouble: string[] = [];
  page.on('console', (message) => void trouble.push(message.text()));
  page.on('pageerror', (error) => void trouble.push(error.message));
  page.on('dialog', (dialog) => void trouble.push(dialog.message()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href) trouble.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, trouble };
}

async function picture(page: Page, name: string, whole = false): Promise<void> {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: whole });
}

/** Serious findings of axe, by the rule and the place. It is put in by the debugger, past the policy of the page. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.length} ${nodes[0]!.html}`);
  });
}

const visibleRows = (page: Page) => page.locator('#steps tbody tr:not([hidden])').count();

needing(test, missing, 'the page is read, and asks nobody for anything', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, trouble } = await open(factsOf(240), { colorScheme });
    await picture(page, colorScheme);
    await picture(page, `${colorScheme}-whole`, true);
    equal(await serious(page), [], colorScheme);
    equal(trouble, []);
    await page.close();
  }
  const { page } = await open(factsOf(240), { viewport: { width: 375, height: 800 }, colorScheme: 'light' });
  await picture(page, 'phone');
  await picture(page, 'phone-whole', true);
  is(await page.evaluate('document.documentElement.scrollWidth'), 375, 'nothing sticks out');
  equal(await serious(page), [], 'phone');
  await page.close();
});

needing(test, missing, 'it filters by file, person, verdict and date, and shows all again', async () => {
  const facts = factsOf(240);
  const { page, trouble } = await open(facts);
  const total = facts.population.length;
  is(await visibleRows(page), total);
  await page.getByLabel('File or subject').fill('guardrails.ts');
  await page.locator('#shown', { hasText: ' of ' }).waitFor();
  is(await visibleRows(page), facts.changes.filter(({ path }) => path === 'server/guardrails.ts').length);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.locator('#shown', { hasText: `All ${total} steps` }).waitFor();
  await page.getByLabel('Person').selectOption('Anna Berg');
  await page.waitForTimeout(200);
  is(await visibleRows(page), facts.population.filter(({ author }) => author.name === 'Anna Berg').length);
  await page.getByLabel('Verdict').selectOption('uncovered');
  await page.waitForTimeout(200);
  const uncovered = facts.changes.filter(({ verdict, takenBack }) => verdict === 'uncovered' && !takenBack);
  is(await visibleRows(page), uncovered.filter(({ author }) => author.name === 'Anna Berg').length);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByLabel('From').fill('2026-06-01');
  await page.getByLabel('Until').fill('2026-06-30');
  await page.waitForTimeout(200);
  is(await visibleRows(page), facts.population.filter(({ date }) => date.startsWith('2026-06')).length);
  await page.locator('.timeline a').nth(3).click();
  ok((await visibleRows(page)) > 0);
  ok((await visibleRows(page)) < total);
  await picture(page, 'filtered');
  equal(trouble, []);
  await page.close();
});

needing(test, missing, 'the keyboard reaches all of it, and a link leads to its step', async () => {
  const { page } = await open(factsOf(60));
  await page.keyboard.press('Tab');
  is(await page.evaluate('document.activeElement.className'), 'skip');
  await page.keyboard.press('Enter');
  is(await page.evaluate('document.activeElement.id'), 'every');
  await page.keyboard.press('Tab');
  is(await page.evaluate('document.activeElement.id'), 'f-text');
  await page.locator('.answer + ul a').first().click();
  const target = await page.evaluate<string>("document.querySelector('tr:target').id");
  ok(target.startsWith('s-'));
  await page.close();
});

needing(test, missing, 'without scripts it says the same', async () => {
  const facts = factsOf(60);
  const { page } = await open(facts, { javaScriptEnabled: false });
  is(await page.locator('#steps tbody tr').count(), 60);
  is(await page.locator('#filters').isVisible(), false);
  ok(await page.locator('noscript').isVisible());
  await page.close();
});

needing(test, missing, 'it prints whole', async () => {
  const { page } = await open(factsOf(240));
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  await picture(page, 'print');
  const pdf = await page.pdf({ format: 'A4', printBackground: false });
  is(pdf.subarray(0, 5).toString(), '%PDF-');
  ok((pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? []).length > 5, 'more than one page');
  if (shots) writeFileSync(join(shots, 'print.pdf'), pdf);
  await page.close();
});

needing(test, missing, 'ten thousand steps scroll and filter', async () => {
  const { page, trouble } = await open(factsOf(10_000));
  is(await page.locator('#steps tbody tr').count(), 10_000);
  await page.getByLabel('Verdict').selectOption('protected');
  await page.locator('#shown', { hasText: ' of ' }).waitFor();
  is(await visibleRows(page), 2500);
  equal(trouble, []);
  await page.close();
});

needing(test, missing, 'what the repository says is text, wherever it stands', async () => {
  const nasty = '</script><script>alert(1)</script><img src=x onerror=alert(2)> "\' \u202egnp.exe &lt;b&gt;';
  const plain = factsOf(20);
  const person = { name: nasty, email: `${nasty}@x` };
  const facts: Audit = {
    ...plain,
    branch: nasty,
    ref: nasty,
    population: plain.population.map((one) => ({
      ...one,
      author: person,
      committer: { name: 'other', email: nasty },
      subject: nasty,
      agent: nasty,
      received: { at: one.date, pusher: nasty, line: 1 },
    })),
    changes: plain.changes.map((one) => ({
      ...one,
      author: person,
      path: nasty,
      rule: nasty,
      why: nasty,
      approvals: one.approvals.map((approval) => ({
        ...approval,
        approver: nasty,
        reason: nasty,
        file: nasty,
        key: nasty,
      })),
    })),
    policy: plain.policy.map((one) => ({ ...one, author: person, says: [nasty], weaker: [nasty] })),
    tags: plain.tags.map((one) => ({
      ...one,
      name: nasty,
      tagger: person,
      waivers: one.waivers.map((waiver) => ({ ...waiver, reason: nasty, approver: nasty, checks: [nasty] })),
    })),
    lapses: [{ from: plain.to, to: null, says: nasty }],
    unknown: [nasty],
    received: { lines: 3, broken: [nasty] },
  };
  const { page, trouble } = await open(facts);
  equal(trouble, []);
  is(await page.locator('script').count(), 1);
  is(await page.locator('img').count(), 0);
  const text = (await page.locator('body').textContent())!;
  ok(text.includes('<script>alert(1)</script>'), 'it is shown as it stands');
  ok(!text.includes('\u202e') && text.includes('<U+202E>'));
  await page.getByLabel('File or subject').fill('onerror');
  await page.waitForTimeout(250);
  is(await visibleRows(page), 20);
  equal(trouble, []);
  await picture(page, 'hostile');
  await page.close();
});

test('the policy of the page comes first, and its hashes are those of what it holds', () => {
  const html = auditPage(factsOf(20));
  const head = /<head>([\s\S]*?)<\/head>/.exec(html)![1]!;
  ok(head.startsWith('<meta http-equiv="Content-Security-Policy"'));
  ok(!/ style=| on\w+=|javascript:/.test(html.replace(/<script>[\s\S]*<\/script>/, '')));
  ok(!/https?:/.test(html), 'it names no place');
});
