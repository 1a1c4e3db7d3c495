// One customer, and finding it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sandbox, signedIn, until } from './world.js';

test('a customer is found by its id and by its external id', async () => {
  const external = `CIF-${Date.now()}`;
  const customer = await sandbox.customer('Hendra Gunawan', external);
  await signedIn({}, async (page) => {
    for (const wanted of [customer, external]) {
      await page.goto(sandbox.at('/console/customers'));
      await page.locator('main input[name=q]').fill(wanted);
      await Promise.all([
        page.waitForURL((url) => url.href.includes('q=') || url.pathname.endsWith(customer)),
        page.locator('main form button[type=submit]').first().click(),
      ]);
      if (!new URL(page.url()).pathname.endsWith(customer)) await page.locator(`main a[href*="${customer}"]`).first().click();
      await page.waitForURL((url) => url.pathname === `/console/customers/${customer}`);
      await page.getByText('Hendra Gunawan').first().waitFor();
    }
  });
});

test('whatever somebody wrote is shown as text', async () => {
  const name = '<img src=x onerror=alert(1)> Bagus';
  const external = `"><script>alert(2)</script>${Date.now()}`;
  const reason = `</blockquote><script>alert(3)</script>'" ={{7*7}} \u202e`;
  const customer = await sandbox.customer(name, external);
  await sandbox.declined(customer, reason);
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at(`/console/customers/${customer}`));
    const shown = await page.locator('main').innerText();
    for (const text of [name, external, "</blockquote><script>alert(3)</script>'\" ={{7*7}}"]) {
      assert.ok(shown.includes(text), `${text} is not in\n${shown}`);
    }
    assert.equal(await page.locator('main img[src=x], main script').count(), 0);
    await page.goto(sandbox.at(`/console/customers?q=${encodeURIComponent(external)}`));
    assert.equal(await page.locator('main script').count(), 0);
    await page.goto(sandbox.at(`/console/customers/${encodeURIComponent(name)}`));
    assert.equal(await page.locator('main img').count(), 0);
  });
});

test("another org's customer is as one that there is not", async () => {
  const other = await sandbox.command('orgs', 'create', '--name', 'Another Bank', '--dukcapil-enabled');
  const headers = { Authorization: `Bearer ${other.apiKey}` };
  await until('the new key is known', async () => (await fetch(new URL('/api/auth/me', sandbox.url), { headers })).ok);
  const foreign = await sandbox.customer('Orang Lain', undefined, other.apiKey);
  const none = foreign.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  await signedIn({}, async (page) => {
    const texts = [];
    for (const id of [foreign, none]) {
      const answer = await page.goto(sandbox.at(`/console/customers/${id}`));
      assert.equal(answer.status(), 404);
      const text = await page.locator('main').innerText();
      assert.ok(!text.includes('Orang Lain'));
      texts.push(text.replaceAll(/req_\w+/g, 'req').replaceAll(id, 'id'));
    }
    assert.equal(texts[0], texts[1]);
  });
});
