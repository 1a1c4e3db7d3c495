// Signing in and out, and what a session is not to be had by.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sandbox, signIn, withPage } from './world.js';

// The session's cookie: there is one. Like every other that holds a token, no script reads it and no other site has it
// sent along.
const sessionCookie = async (page) => {
  const cookies = await page.context().cookies();
  const tokens = cookies.filter(({ value }) => value.length >= 32);
  for (const { name, httpOnly, sameSite } of tokens) {
    assert.deepEqual({ httpOnly, sameSite }, { httpOnly: true, sameSite: 'Lax' }, name);
  }
  const sessions = tokens.filter(({ name }) => name === 'console-session');
  assert.equal(sessions.length, 1, JSON.stringify(cookies.map(({ name }) => name)));
  return sessions[0];
};

test('whoever is not signed in is asked to, and then comes where they wanted to go', async () => {
  await withPage({}, async (page) => {
    await page.goto(sandbox.at('/console/attempts?status=failed'));
    assert.equal(new URL(page.url()).pathname, '/console/sign-in');
    await page.locator('input[name=user]').fill(sandbox.console.user);
    await page.locator('input[name=password]').fill('not the password');
    await page.locator('form.sign-in button[type=submit]').click();
    await page.locator('[role=alert]').waitFor();
    assert.equal(await page.locator('input[name=password]').inputValue(), '');
    await page.locator('input[name=password]').fill(sandbox.console.password);
    await page.locator('form.sign-in button[type=submit]').click();
    await page.waitForURL(sandbox.at('/console/attempts?status=failed'));
    assert.equal(await page.locator('h1').count(), 1);
  });
});

test('nobody is sent elsewhere after signing in', async () => {
  for (const next of ['https://example.org/', '//example.org/', '/\\example.org', '/api/auth/me', 'javascript:alert(1)']) {
    await withPage({}, async (page) => {
      await page.goto(sandbox.at(`/console/sign-in?next=${encodeURIComponent(next)}`));
      await page.locator('input[name=user]').fill(sandbox.console.user);
      await page.locator('input[name=password]').fill(sandbox.console.password);
      await Promise.all([
        page.waitForURL((url) => !url.pathname.endsWith('/sign-in')),
        page.locator('form.sign-in button[type=submit]').click(),
      ]);
      assert.ok(page.url().startsWith(sandbox.at('/console/')), `${next}: ${page.url()}`);
    });
  }
});

test('a session is a cookie that scripts and other sites do not have, and a new one at each sign-in', async () => {
  await withPage({}, async (page) => {
    await signIn(page);
    const first = await sessionCookie(page);
    assert.equal(await page.evaluate(() => document.cookie), '');
    await page.context().clearCookies();
    // Somebody else's idea of what the session is to be.
    const { name, domain, path } = first;
    await page.context().addCookies([{ name, domain, path, value: 'A'.repeat(first.value.length) }]);
    await signIn(page);
    const second = await sessionCookie(page);
    assert.notEqual(second.value, first.value);
    assert.notEqual(second.value, 'A'.repeat(first.value.length));
  });
});

test('a session that was signed out is over, also for whoever kept its cookie', async () => {
  await withPage({}, async (page) => {
    await signIn(page);
    const cookies = await page.context().cookies();
    await page.locator('form[action="/console/sign-out"] button').click();
    await page.waitForURL((url) => url.pathname === '/console/sign-in');
    await page.context().clearCookies();
    await page.context().addCookies(cookies);
    await page.goto(sandbox.at('/console/customers'));
    assert.equal(new URL(page.url()).pathname, '/console/sign-in');
  });
});

test('a form that is not ours is refused', async () => {
  await withPage({}, async (page) => {
    await signIn(page);
    const post = (form) => page.request.post(sandbox.at('/console/sign-out'), { form, maxRedirects: 0 });
    const token = await page.locator('form[action="/console/sign-out"] input[name=csrf]').inputValue();
    const forged = (token[0] === 'A' ? 'B' : 'A') + token.slice(1);
    for (const form of [{}, { csrf: '' }, { csrf: forged }, { csrf: token.toUpperCase() + token }]) {
      const refused = await post(form);
      assert.equal(refused.status(), 403, JSON.stringify(Object.keys(form)));
      assert.match(await refused.text(), /<h1>/);
    }
    await page.goto(sandbox.at('/console/customers'));
    assert.equal(new URL(page.url()).pathname, '/console/customers', 'still signed in');
    assert.equal((await post({ csrf: token })).status(), 303);
  });
});
