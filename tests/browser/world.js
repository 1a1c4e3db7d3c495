// What every test reaches for: the sandbox and its API, the browser, and what must hold of any page. What is tried
// stands in the files beside it.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { chromium } from 'playwright-core';

const env = (name) => {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run \`cargo xtask browser\``);
  return value;
};

/** What anything may take: it comes at once, or never, but on a machine that does other things besides. */
export const WITHIN_MS = Number(process.env.CONSOLE_WITHIN_MS ?? 180_000);

export const screens = env('CONSOLE_SCREENS');
const program = env('CONSOLE_PROGRAM');
const xtask = env('CONSOLE_XTASK');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const photo = readFileSync(env('CONSOLE_PHOTO')).toString('base64');

/** A folder with a running sandbox, and what its sandbox.json says. */
export class Sandbox {
  constructor(folder) {
    this.folder = folder;
    Object.assign(this, JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8')));
  }

  /** Another one, on a folder of its own, with other settings; `stop()` at the end. */
  static async start(settings) {
    const folder = mkdtempSync(join(tmpdir(), 'identity-browser-'));
    const listen = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
    const child = spawn(program, ['sandbox', ...listen, '--data-dir', folder], {
      env: { ...process.env, ...settings },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await until('the sandbox is ready', () => {
      assert.equal(child.exitCode, null, 'the sandbox ended');
      try {
        readFileSync(join(folder, 'sandbox.json'));
        return true;
      } catch {
        return false;
      }
    });
    const sandbox = new Sandbox(folder);
    sandbox.stop = async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    };
    return sandbox;
  }

  /** The console's address with that path. */
  at(path) {
    return new URL(path, this.console.url).href;
  }

  /** The same on the management listener. */
  adminAt(path) {
    return new URL(path, this.adminUrl).href;
  }

  async call(method, path, body, key = this.apiKey) {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Registers a customer; its id. */
  async customer(fullName, externalId, key) {
    return (await this.call('POST', '/api/customers', { fullName, externalId }, key)).id;
  }

  /** A verdict that Dukcapil confirmed; its verification's id. */
  async confirmed(customerId) {
    const body = { customerId, valid: true, photo, raw: { content: [{ NIK: 'Sesuai' }] } };
    return (await this.call('POST', '/api/identity/nik/dukcapil', body)).verification.id;
  }

  /** One that it declined. */
  async declined(customerId, reason) {
    const body = { customerId, valid: false, reason, raw: { content: [{ NIK: 'Tidak Sesuai' }] } };
    return (await this.call('POST', '/api/identity/nik/dukcapil', body)).verification.id;
  }

  /** Declares that Dukcapil did not answer; the recheck that is due from then on. */
  async fallback(customerId) {
    const attemptedAt = new Date().toISOString();
    const body = { customerId, from: 'nik_dukcapil', cause: 'timeout', attemptedAt, attempts: 3, elapsedMs: 9_000 };
    return (await this.call('POST', '/api/identity/fallbacks', body)).fallback.recheckId;
  }

  /** A drawn card, captured: the verification. */
  async capture(customerId) {
    const asked = { customerId, steps: 3, ttlMs: 300_000 };
    const challenge = await this.call('POST', '/api/identity/document/ktp/challenge', asked);
    const folder = mkdtempSync(join(tmpdir(), 'identity-capture-'));
    try {
      const file = join(folder, 'challenge.json');
      writeFileSync(file, JSON.stringify(challenge));
      const command = ['capture', '--kind', 'bona', '--challenge', file, '--customer', customerId];
      await promisify(execFile)(xtask, [...command, '--out', join(folder, 'body.json')]);
      const body = JSON.parse(readFileSync(join(folder, 'body.json'), 'utf8'));
      return (await this.call('POST', '/api/identity/document/ktp/capture', body)).verification.id;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A command of the program beside the running sandbox, and the JSON that it prints. */
  async command(...command) {
    const run = promisify(execFile)(program, [...command, '--data-dir', this.folder, '--json']);
    const { stdout } = await run;
    return stdout.trim() === '' ? null : JSON.parse(stdout);
  }

  /** Somebody new of that role. */
  staff(user, role) {
    return this.command('staff', 'add', user, '--role', role, '--org', this.orgId);
  }
}

export const sandbox = new Sandbox(env('CONSOLE_SANDBOX'));

// As root the browser's own sandbox does not start. What it would ask of the network is switched off: it is not needed.
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({
  executablePath: env('CONSOLE_BROWSER'),
  chromiumSandbox: !isRoot,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

export const closeBrowser = () => browser.close();

/**
 * A page in a context of its own. `problems` has what no page of ours may have: errors of scripts, refusals by the
 * policy, dialogs. What a test makes happen on purpose, such as an answer of 403, the browser reports there too.
 */
export async function openPage(options = {}) {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(WITHIN_MS);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`a script failed: ${error}`));
  page.on('dialog', (dialog) => {
    page.problems.push(`a dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on('console', (message) => {
    const isStatus = message.text().startsWith('Failed to load resource: the server responded with a status');
    // htmx says so of a stream that ends because its page is left.
    const isEndOfStream = message.text() === '[object Event]';
    if (message.type() === 'error' && !isStatus && !isEndOfStream) page.problems.push(message.text());
  });
  return page;
}

/** Does something with a page, and sees that nothing was wrong with it. */
export async function withPage(options, task) {
  const page = await openPage(options);
  try {
    const result = await task(page);
    assert.deepEqual(page.problems, []);
    return result;
  } finally {
    await page.context().close();
  }
}

/** Signs in by the form, as whoever it says. */
export async function signIn(page, who = sandbox.console, of = sandbox) {
  await page.goto(of.at('/console/'));
  await page.locator('input[name=user]').fill(who.user);
  await page.locator('input[name=password]').fill(who.password);
  await Promise.all([
    page.waitForURL((url) => !url.pathname.startsWith('/console/sign-in')),
    page.locator('form.sign-in button[type=submit]').click(),
  ]);
}

const sessions = new Map();

/** The cookies of somebody who signed in once: tests of other things need not try passwords again and again. */
export async function sessionOf(who = sandbox.console) {
  if (!sessions.has(who.user)) {
    const session = withPage({}, async (page) => {
      await signIn(page, who);
      return page.context().storageState();
    });
    sessions.set(who.user, session);
  }
  return sessions.get(who.user);
}

/** A page of somebody who is signed in, at the start. */
export async function signedIn(options, task, who) {
  return withPage({ ...options, storageState: await sessionOf(who) }, async (page) => {
    await page.goto(sandbox.at('/console/'));
    return task(page);
  });
}

/** The ids of the rows that the page shows. */
export const rows = (page) => page.locator('main tbody tr[data-id]').evaluateAll((all) => all.map((row) => row.dataset.id));

/** Waits until something holds. */
export async function until(what, holds) {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const held = await holds();
    if (held) return held;
    assert.ok(Date.now() < deadline, `in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What axe-core finds that is serious or worse, as lines. It is put in past the policy, which would refuse it. */
export async function accessibilityFaults(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags });
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map((node) => `${node.target.join(' ')}: ${node.failureSummary}`),
    }));
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, where }) => `${id} (${impact})\n  ${where.join('\n  ')}`);
}
