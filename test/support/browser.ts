import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A browser of this machine that speaks the language of Chromium; null: there is none. */
export const browserPath =
  (process.env['PATH'] ?? '')
    .split(':')
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path)) ?? null;

let started: Promise<Browser> | undefined;

/** The browser, started once. Whoever runs as root, as containers do, has no sandbox of its own. */
export function browser(): Promise<Browser> {
  started ??= chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return started;
}

export async function closeBrowser(): Promise<void> {
  if (started) await (await started).close();
}
