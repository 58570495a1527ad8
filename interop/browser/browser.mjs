// Chromium, logged in, and what all tests want of a page.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const SHOTS = path.join(root, 'target/interop-browser');
export const WIDTH = 1280;
export const HEIGHT = 800;

export async function launch() {
  fs.mkdirSync(SHOTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

// A window of somebody who has logged in; what goes wrong in its pages is gathered in `faults`.
export async function open(browser, broker, { user = 'admin', ...options } = {}) {
  const passwords = { admin: 'secret', bob: 'looks' };
  const context = await browser.newContext({
    baseURL: broker.url,
    httpCredentials: { username: user, password: passwords[user], send: 'always' },
    viewport: { width: WIDTH, height: HEIGHT },
    ...options,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(message.text());
  });
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('dialog', (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  return page;
}

// What axe finds wrong. It is put in by the tool, past the page's own policy.
export async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
}

export async function shoot(page, name, width = WIDTH) {
  // As a window that is high enough, so that what sticks to its end is there.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.max(height, HEIGHT) });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  await page.setViewportSize({ width, height: HEIGHT });
}
