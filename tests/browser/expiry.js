// A session's end, on a sandbox whose sessions are short.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Sandbox, signIn, until, withPage } from './world.js';

test('a session ends by itself, and signing in again goes on where one was', async () => {
  const short = await Sandbox.start({ IDENTITY_CONSOLE__SESSION_TIMEOUT_MS: '3000' });
  try {
    await withPage({}, async (page) => {
      await signIn(page, short.console, short);
      const cookies = await page.context().cookies();
      await until('the session ends', async () => {
        await page.goto(short.at('/console/attempts?status=failed'));
        return new URL(page.url()).pathname === '/console/sign-in';
      });
      await page.context().addCookies(cookies);
      await page.goto(short.at('/console/customers'));
      assert.equal(new URL(page.url()).pathname, '/console/sign-in', 'whatever the browser still holds');
    });
  } finally {
    await short.stop();
  }
});
