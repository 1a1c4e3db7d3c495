// Screenshots of every page, for whoever looks at the gate's results, and with UPDATE_DOCS=1 the three of the README.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { inLanguage, pages } from './pages.js';
import { sandbox, screens, sessionOf, withPage } from './world.js';

/** The README's. */
const MAIN = ['customer', 'attempts', 'pipeline'];

/** A day at a bank: names and reasons that are made up. */
async function fill() {
  const people = [
    ['Siti Rahmawati', null],
    ['Agus Wijaya', 'Data tidak ditemukan'],
    ['Dewi Lestari', null],
    ['Eko Prasetyo', 'Tanggal lahir tidak sesuai'],
    ['Hendra Gunawan', null],
    ['Indah Permata', 'NIK sudah meninggal'],
    ['Joko Susilo', null],
    ['Kartika Sari', 'Format NIK salah'],
    ['Lukman Hakim', null],
    ['Maya Anggraini', 'Data ganda'],
  ];
  for (const [name, reason] of people) {
    const customer = await sandbox.customer(name);
    if (reason) await sandbox.declined(customer, reason);
    if (!reason || reason === 'Format NIK salah') await sandbox.confirmed(customer);
  }
}

test('each page has its picture', async () => {
  await fill();
  const all = await pages();
  const kinds = [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['id', { colorScheme: 'light', locale: 'id-ID' }],
    ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
  ];
  for (const [kind, options] of kinds) {
    for (const one of all) {
      const session = one.signIn ? { storageState: await sessionOf() } : {};
      await withPage({ reducedMotion: 'reduce', ...options, ...session }, async (page) => {
        await page.goto(inLanguage(one.url, kind === 'id' ? 'id' : 'en'));
        if (one.name === 'pipeline') {
          await page.locator('svg.chart').waitFor();
          await page.locator('.live[data-live=on]').waitFor();
        }
        const path = join(screens, `${one.name}-${kind}.png`);
        await page.screenshot({ path, fullPage: true });
        assert.ok(statSync(path).size > 5_000, path);
        if (process.env.UPDATE_DOCS && kind === 'light' && MAIN.includes(one.name)) {
          // What a window shows: small, and the part that matters.
          await page.setViewportSize({ width: 1280, height: 900 });
          await page.screenshot({ path: `../../docs/console/${one.name}.png` });
        }
      });
    }
  }
});
