// The list of verifications: live, by filter, page by page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rows, sandbox, signedIn, until } from './world.js';

test('a verdict that comes by the API appears without a reload', async () => {
  const customer = await sandbox.customer('Siti Rahmawati');
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at('/console/attempts'));
    await page.evaluate(() => (globalThis.notReloaded = true));
    const declined = await sandbox.declined(customer, 'Data tidak ditemukan');
    await page.locator(`tr[data-id="${declined}"]`).waitFor();
    const confirmed = await sandbox.confirmed(customer);
    await page.locator(`tr[data-id="${confirmed}"]`).waitFor();
    assert.equal(await page.evaluate(() => globalThis.notReloaded), true);
    assert.equal((await rows(page))[0], confirmed, 'the newest comes first');
  });
});

test('the reason of a declined verdict is two clicks from the start', async () => {
  const customer = await sandbox.customer('Agus Wijaya');
  const declined = await sandbox.declined(customer, 'Nama ibu kandung tidak sesuai dengan data Dukcapil');
  await signedIn({}, async (page) => {
    await page.locator('nav a[href="/console/attempts"]').click();
    await page.locator(`tr[data-id="${declined}"] a[href*="${customer}"]`).first().click();
    await page.waitForURL((url) => url.pathname === `/console/customers/${customer}`);
    await page.getByText('Nama ibu kandung tidak sesuai dengan data Dukcapil').waitFor();
  });
});

test('what is filtered stands in the address, and every row and the total are of it', async () => {
  const customer = await sandbox.customer('Dewi Lestari');
  const other = await sandbox.customer('Eko Prasetyo');
  const wanted = [];
  for (let at = 0; at < 3; at += 1) wanted.unshift(await sandbox.declined(customer, 'NIK tidak ditemukan'));
  await sandbox.declined(customer, 'Tanggal lahir tidak sesuai');
  await sandbox.confirmed(customer);
  await sandbox.declined(other, 'NIK tidak ditemukan');
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at('/console/attempts'));
    await page.locator('main form [name=status]').selectOption('failed');
    await page.locator('main form [name=reasonCategory]').selectOption('not_found');
    await page.locator('main form [name=customerId]').fill(customer);
    await Promise.all([
      page.waitForURL((url) => url.searchParams.get('reasonCategory') === 'not_found'),
      page.locator('main form button[type=submit]').first().click(),
    ]);
    const address = new URL(page.url());
    assert.equal(address.searchParams.get('status'), 'failed');
    assert.equal(address.searchParams.get('customerId'), customer);
    assert.deepEqual(await rows(page), wanted);
    const api = `/api/identity/attempts?status=failed&reasonCategory=not_found&customerId=${customer}`;
    assert.equal((await sandbox.call('GET', api)).total, wanted.length);
    // The same address is the same list to whoever it is sent to.
    await page.goto(address.href);
    assert.deepEqual(await rows(page), wanted);
    assert.equal(await page.locator('main form [name=status]').inputValue(), 'failed');
  });
});

test('a list is walked page by page, there and back', async () => {
  const customer = await sandbox.customer('Rudi Hartono');
  const all = [];
  for (let at = 0; at < 25; at += 1) all.unshift(await sandbox.declined(customer, 'Kuota habis'));
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at(`/console/attempts?customerId=${customer}`));
    const first = await rows(page);
    assert.deepEqual(first, all.slice(0, first.length));
    await page.locator('a[rel~=next]').first().click();
    const second = await until('the next page', async () => {
      const shown = await rows(page);
      return shown[0] !== first[0] && shown;
    });
    assert.deepEqual([...first, ...second].slice(0, 25), all);
    assert.equal(await page.locator('a[rel~=next]').count(), 0, 'there is no more');
    await page.locator('a[rel~=prev]').first().click();
    await until('the page before', async () => (await rows(page))[0] === first[0]);
    assert.deepEqual(await rows(page), first);
  });
});

test('the list as a file has every row of the filter', async () => {
  const customer = await sandbox.customer('Fitri Handayani');
  const all = [];
  for (let at = 0; at < 23; at += 1) all.push(await sandbox.declined(customer, '=HYPERLINK("https://example.org")'));
  await signedIn({}, async (page) => {
    const file = await page.request.get(sandbox.at(`/console/attempts?customerId=${customer}&format=csv`));
    assert.match(file.headers()['content-type'], /^text\/csv/);
    const text = await file.text();
    for (const id of all) assert.ok(text.includes(id), id);
    assert.ok(!text.includes('HYPERLINK'), 'a reason is no part of a list');
  });
});

test('what cannot be a filter is refused in words, and shown as text', async () => {
  const script = '"><script>alert(1)</script>';
  await signedIn({}, async (page) => {
    for (const [name, value] of [
      ['status', script],
      ['reasonCategory', script],
      ['customerId', script],
      ['cursor', script],
      ['from', script],
    ]) {
      const answer = await page.goto(sandbox.at(`/console/attempts?${name}=${encodeURIComponent(value)}`));
      assert.ok([200, 400].includes(answer.status()), `${name}: ${answer.status()}`);
      assert.equal(await page.locator('h1').count(), 1, name);
      assert.equal(await page.locator('main script').count(), 0, name);
    }
  });
});
