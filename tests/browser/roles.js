// Who sees what, and that looking is seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage, sandbox, signedIn, signIn, until } from './world.js';

test('a role sees its own pages and is refused the others in words', async () => {
  for (const [role, sees] of [
    ['analyst', false],
    ['reviewer', false],
    ['compliance', true],
    ['admin', true],
  ]) {
    const who = await sandbox.staff(`role.${role}`, role);
    await signedIn(
      {},
      async (page) => {
        assert.equal(await page.locator('nav a[href="/console/access"]').count(), sees ? 1 : 0, role);
        const answer = await page.goto(sandbox.at('/console/access'));
        assert.equal(answer.status(), sees ? 200 : 403, role);
        assert.equal(await page.locator('h1').count(), 1, role);
        for (const path of ['/console/customers', '/console/attempts']) {
          assert.equal((await page.goto(sandbox.at(path))).status(), 200, `${role} ${path}`);
        }
      },
      who,
    );
  }
});

test('whoever looked at a customer stands on the page of accesses', async () => {
  const customer = await sandbox.customer('Indah Permata');
  const who = await sandbox.staff('looks.at.one', 'analyst');
  await signedIn({}, (page) => page.goto(sandbox.at(`/console/customers/${customer}`)), who);
  await signedIn({}, async (page) => {
    await page.goto(sandbox.at(`/console/access?customer=${customer}`));
    const row = page.locator('main tbody tr').filter({ hasText: 'looks.at.one' });
    await row.first().waitFor();
    assert.ok((await row.first().innerText()).includes(customer));
    assert.ok(!(await page.locator('main').innerText()).includes('Indah Permata'), 'by id, not by name');
  });
});

test('whoever is disabled is out at once', async () => {
  const who = await sandbox.staff('leaves.today', 'analyst');
  const page = await openPage();
  await signIn(page, who);
  await sandbox.command('staff', 'disable', 'leaves.today');
  await until('the session ends', async () => {
    await page.goto(sandbox.at('/console/attempts'));
    return new URL(page.url()).pathname === '/console/sign-in';
  });
  await page.locator('input[name=user]').fill(who.user);
  await page.locator('input[name=password]').fill(who.password);
  await page.locator('form.sign-in button[type=submit]').click();
  await page.locator('[role=alert]').waitFor();
  await page.context().close();
});
