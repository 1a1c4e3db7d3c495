// The console in a real browser. One process and one browser, test after test: the machine that runs them has few cores.

import { test } from 'node:test';

import { closeBrowser } from './world.js';

// First, while there is nothing but what they show.
await import('./screens.js');
await import('./sign_in.js');
await import('./attempts.js');
await import('./customer.js');
await import('./roles.js');
await import('./rechecks.js');
await import('./pipeline.js');
await import('./every_page.js');
await import('./expiry.js');

// A test, and the last: the process ends when nothing is open any more.
test('the browser closes', closeBrowser);
