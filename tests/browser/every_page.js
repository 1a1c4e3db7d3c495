// What holds of each page: for people who see, hear or print it, on a desk or a phone, in both languages, with scripts
// and without, and that it is small and stands still.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inLanguage, pages, sampleCustomer } from './pages.js';
import { accessibilityFaults, sandbox, sessionOf, signedIn, signIn, until, withPage } from './world.js';

/** Bytes of a page with everything that it loads, at a first visit. */
const PAGE_BYTES_MAX = 100_000;

async function onEachPage(options, task) {
  const all = await pages();
  for (const needsSession of [false, true]) {
    const session = needsSession ? { storageState: await sessionOf() } : {};
    await withPage({ ...options, ...session }, async (page) => {
      for (const one of all.filter((one) => one.signIn === needsSession)) await task(page, one);
    });
  }
}

for (const colorScheme of ['light', 'dark']) {
  test(`nobody is kept out: axe-core finds nothing serious, ${colorScheme}`, async () => {
    const faults = [];
    await onEachPage({ colorScheme }, async (page, { name, url }) => {
      await page.goto(url);
      for (const fault of await accessibilityFaults(page)) faults.push(`${name}: ${fault}`);
    });
    assert.deepEqual(faults, [], faults.join('\n'));
  });
}

test('on a phone nothing is wider than the window and everything can be hit', async () => {
  const faults = [];
  await onEachPage({ viewport: { width: 360, height: 740 } }, async (page, { name, url }) => {
    await page.goto(url);
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (wide > window) faults.push(`${name}: ${wide} pixels in a window of ${window}`);
    for (const fault of await accessibilityFaults(page)) faults.push(`${name}: ${fault}`);
  });
  assert.deepEqual(faults, [], faults.join('\n'));
});

test('each page is there in both languages, by its address and by what the browser asks for', async () => {
  const headings = new Map();
  for (const language of ['en', 'id']) {
    await onEachPage({ locale: language === 'en' ? 'en-GB' : 'id-ID' }, async (page, { name, url }) => {
      await page.goto(url);
      assert.equal(await page.locator('html').getAttribute('lang'), language, name);
      assert.equal(await page.locator('h1').count(), 1, name);
      headings.set(`${name} ${language}`, await page.title());
    });
  }
  for (const { name } of await pages()) {
    assert.notEqual(headings.get(`${name} en`), headings.get(`${name} id`), name);
  }
  await onEachPage({}, async (page, { name, url }) => {
    await page.goto(inLanguage(url, 'id'));
    assert.equal(await page.locator('html').getAttribute('lang'), 'id', name);
  });
});

test('the field’s own words are used in Indonesian', async () => {
  await signedIn({ locale: 'id-ID' }, async (page) => {
    await page.goto(sandbox.at(`/console/customers/${await sampleCustomer()}`));
    const text = (await page.locator('body').innerText()).toLowerCase();
    for (const word of ['ditolak', 'verifikasi', 'alasan', 'pelindungan data pribadi']) assert.ok(text.includes(word), word);
  });
});

test('the content is one key away, and every control can be seen to have the focus', async () => {
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at('/console/attempts'));
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.closest('main') !== null), true);
    for (let at = 0; at < 12; at += 1) {
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      });
      assert.ok(outline, await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200)));
      await page.keyboard.press('Tab');
    }
  });
});

test('a page is small, loads from its own listener only, and nothing on it moves', async () => {
  // The page that a row comes to goes last: a list that is not full yet becomes longer by one, wherever it is shown.
  const all = await pages();
  all.sort((one, other) => (one.name === 'attempts') - (other.name === 'attempts'));
  for (const one of all) {
    await withPage(one.signIn ? { storageState: await sessionOf() } : {}, async (page) => {
      await page.addInitScript(() => {
        globalThis.shifted = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) globalThis.shifted += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
      });
      let bytes = 0;
      const elsewhere = [];
      page.on('response', async (response) => {
        if (new URL(response.url()).protocol === 'data:') return;
        if (new URL(response.url()).origin !== new URL(one.url).origin) elsewhere.push(response.url());
      });
      // What came over the network, by the browser's own count, with an empty cache.
      const session = await page.context().newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.setCacheDisabled', { cacheDisabled: true });
      // A slow line: the page comes in pieces, and what is drawn of it must not depend on the rest.
      const line = { offline: false, latency: 20, downloadThroughput: 64_000, uploadThroughput: 64_000 };
      await session.send('Network.emulateNetworkConditions', line);
      session.on('Network.dataReceived', ({ dataLength }) => (bytes += dataLength));
      await page.goto(one.url, { waitUntil: 'load' });
      assert.deepEqual(elsewhere, [], one.name);
      assert.ok(bytes > 1_000 && bytes < PAGE_BYTES_MAX, `${one.name}: ${bytes} bytes`);
      if (one.name === 'attempts') {
        const id = await sandbox.declined(await sampleCustomer(), 'Nama tidak sesuai');
        await page.locator(`tr[data-id="${id}"]`).waitFor();
      }
      if (one.name === 'pipeline') await page.locator('.live[data-live=on]').waitFor();
      const shifted = await page.evaluate(() => globalThis.shifted);
      assert.equal(shifted, 0, `${one.name} moved by ${shifted}`);
    });
  }
});

test('what renews itself can be stopped', async () => {
  const customer = await sandbox.customer('Tahan Sebentar');
  await signedIn({}, async (page) => {
    for (const url of [sandbox.at('/console/attempts?lang=en'), sandbox.adminAt('/console/pipeline?lang=en')]) {
      await page.goto(url);
      await page.getByRole('link', { name: 'Stop renewing' }).click();
      await page.getByRole('link', { name: /Show the newest|Renew again/ }).waitFor();
      assert.equal(await page.locator('[sse-connect]').count(), 0, url);
      assert.equal(await page.locator('script').count(), 0, url);
      await page.getByRole('link', { name: /Show the newest|Renew again/ }).click();
      await page.locator('[sse-connect]').waitFor({ state: 'attached' });
    }
    const id = await sandbox.declined(customer, 'Data ganda');
    await page.goto(sandbox.at('/console/attempts?lang=en'));
    await page.locator(`tr[data-id="${id}"]`).waitFor();
  });
});

test('everything but being told of news works without scripts', async () => {
  const customer = await sandbox.customer('Tanpa Skrip');
  const all = [];
  for (let at = 0; at < 22; at += 1) all.unshift(await sandbox.declined(customer, 'Data ganda'));
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await signIn(page);
    await page.locator('main input[name=q]').fill(customer);
    await page.locator('main form button[type=submit]').first().click();
    await page.goto(sandbox.at(`/console/attempts?customerId=${customer}`));
    const first = await page.locator('main tbody tr[data-id]').count();
    assert.ok(first > 0 && first < all.length);
    await page.locator('a[rel~=next]').first().click();
    await page.waitForURL((url) => url.search.includes('cursor') || url.search.includes('page'));
    assert.equal(await page.locator('main tbody tr[data-id]').count(), all.length - first);
    await page.locator('main tbody tr[data-id] a').first().click();
    await page.getByText('Data ganda').first().waitFor();
    await page.goto(sandbox.adminAt('/console/pipeline?lang=en'));
    const answered = () => page.locator('[data-figure=accepted]').innerText();
    const before = await answered();
    await sandbox.declined(customer, 'Data ganda');
    await until('a reload shows it', async () => {
      await page.reload();
      return (await answered()) !== before;
    });
  });
});

test('on paper there are the figures and no controls', async () => {
  await onEachPage({}, async (page, { name, url }) => {
    await page.goto(url);
    await page.emulateMedia({ media: 'print' });
    for (const control of ['.navigation', '.filters', '.pages', '.skip-link']) {
      for (const one of await page.locator(control).all()) assert.equal(await one.isVisible(), false, `${name} ${control}`);
    }
    assert.equal(await page.locator('h1').isVisible(), true, name);
    const pdf = await page.pdf({ format: 'A4' });
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-', name);
    await page.emulateMedia({ media: 'screen' });
  });
});
