// Rechecks: found, looked at, and closed by whoever may, with the keyboard alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rows, sandbox, signedIn, until } from './world.js';

test('a reviewer closes a recheck with the keyboard alone, and it is closed', async () => {
  const customer = await sandbox.customer('Sri Handayani');
  const recheck = await sandbox.fallback(customer);
  const reviewer = await sandbox.staff('closes.rechecks', 'reviewer');
  await signedIn(
    {},
    async (page) => {
      await page.goto(sandbox.at(`/console/rechecks?customerId=${customer}&lang=en`));
      assert.deepEqual(await rows(page), [recheck]);
      await page.locator(`main a[href="/console/rechecks/${recheck}"]`).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname === `/console/rechecks/${recheck}`);
      await page.locator('#reasonCode').focus();
      await page.keyboard.type('account_closed');
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'note');
      await page.keyboard.press('Tab');
      // The form's answer is awaited: another page that is asked for meanwhile would break it off.
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      await until('it is closed', async () => {
        await page.goto(sandbox.at(`/console/rechecks/${recheck}?lang=en`));
        return (await page.locator('main').innerText()).includes('account_closed');
      });
      assert.equal(await page.locator('#reasonCode').count(), 0, 'what is closed has no form');
    },
    reviewer,
  );
});

test('whoever does not close sees no form, and the words are Indonesian', async () => {
  const recheck = await sandbox.fallback(await sandbox.customer('Made Wijaya'));
  const analyst = await sandbox.staff('looks.at.rechecks', 'analyst');
  await signedIn(
    { locale: 'id-ID' },
    async (page) => {
      await page.goto(sandbox.at(`/console/rechecks/${recheck}?lang=id`));
      assert.equal(await page.locator('#reasonCode').count(), 0);
      assert.ok((await page.locator('main').innerText()).includes('Verifikasi ulang Dukcapil tertunda'));
    },
    analyst,
  );
});
