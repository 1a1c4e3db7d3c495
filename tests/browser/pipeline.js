// The pipeline, on the management listener.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sandbox, until, withPage } from './world.js';

const figure = async (page, name) => (await page.locator(`[data-figure="${name}"]`).innerText()).trim();
const applied = (page) =>
  page.locator(`tr[data-id="${sandbox.orgId}"] td.num`).nth(1).innerText().then((text) => Number(text.replaceAll(',', '')));

test('a verdict shows in its figures without a reload', async () => {
  await withPage({}, async (page) => {
    await page.goto(sandbox.adminAt('/console/pipeline?lang=en'));
    await page.locator('.live[data-live=on]').waitFor();
    await page.evaluate(() => (globalThis.notReloaded = true));
    const [before, answered] = [await applied(page), await figure(page, 'accepted')];
    await sandbox.confirmed(sandbox.customerId);
    await until('the books have it', async () => (await applied(page)) > before);
    await until('the count of answers has it', async () => (await figure(page, 'accepted')) !== answered);
    await until('the read model has it', async () => (await figure(page, 'lag')) === '0');
    assert.equal(await page.evaluate(() => globalThis.notReloaded), true);
  });
});

test('it says of each dependency whether it answers, and shows no personal data', async () => {
  const customer = await sandbox.customer('Nama Rahasia Sekali', 'EXT-RAHASIA');
  await sandbox.declined(customer, 'Alasan rahasia sekali');
  await withPage({}, async (page) => {
    await page.goto(sandbox.adminAt('/console/pipeline?lang=en'));
    for (const name of ['event-log', 'read-model', 'key-store', 'key-management', 'outcome-stream', 'org-directory']) {
      await page.locator(`tr[data-id="${name}"] .badge.good`).waitFor();
    }
    await page.locator('tr[data-id="face-models"] .badge').waitFor();
    const html = await page.content();
    for (const secret of [customer, 'Rahasia', 'RAHASIA', 'rahasia', sandbox.apiKey]) assert.ok(!html.includes(secret), secret);
  });
});

test('the first figures of the rate come by themselves, as a curve and as a table', async () => {
  await withPage({}, async (page) => {
    await page.goto(sandbox.adminAt('/console/pipeline?lang=en'));
    await page.locator('svg.chart').waitFor();
    await page.locator('main figure details').waitFor();
    assert.match(await page.locator('svg.chart').getAttribute('aria-label'), /Events a second/);
  });
});

test('no more pages are told than there is room for, and probes still have theirs', async () => {
  const streams = [];
  const abort = new AbortController();
  try {
    for (let at = 0; at < 20; at += 1) {
      streams.push(await fetch(sandbox.adminAt('/console/pipeline/live'), { signal: abort.signal }));
    }
    const statuses = streams.map((stream) => stream.status);
    assert.ok(statuses.includes(200) && statuses.includes(503), statuses.join(' '));
    assert.equal((await fetch(sandbox.adminAt('/livez'))).status, 200);
    const { value } = await streams[0].body.getReader().read();
    assert.match(new TextDecoder().decode(value), /^event: changed\ndata:/);
  } finally {
    abort.abort();
  }
  await until('there is room again', async () => {
    const again = new AbortController();
    const { status } = await fetch(sandbox.adminAt('/console/pipeline/live'), { signal: again.signal });
    again.abort();
    return status === 200;
  });
});
