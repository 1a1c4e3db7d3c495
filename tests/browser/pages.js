// Which pages there are, for what must hold of each.

import { sandbox } from './world.js';

/** A customer that has something of everything, made once. */
let sample;
export async function sampleCustomer() {
  sample ??= (async () => {
    const customer = await sandbox.customer('Budi Santoso', `CIF-${String(Date.now()).slice(-7)}`);
    await sandbox.declined(customer, 'Nama tidak sesuai dengan data Dukcapil');
    await sandbox.confirmed(customer);
    return customer;
  })();
  return sample;
}

/** A recheck that is open, made once. */
let recheck;
export async function openRecheck() {
  recheck ??= (async () => sandbox.fallback(await sandbox.customer('Rina Wulandari')))();
  return recheck;
}

/** A captured card that waits for a person, made once: without models every genuine one does. */
let waiting;
export async function waitingCapture() {
  waiting ??= (async () => sandbox.capture(await sandbox.customer('Agus Salim')))();
  return waiting;
}

/** Each page by a name: its address, and whether one must be signed in. */
export async function pages() {
  const customer = await sampleCustomer();
  return [
    { name: 'sign-in', url: sandbox.at('/console/sign-in'), signIn: false },
    { name: 'customers', url: sandbox.at('/console/customers'), signIn: true },
    { name: 'customers-found', url: sandbox.at(`/console/customers?q=${customer}`), signIn: true },
    { name: 'customers-none', url: sandbox.at('/console/customers?q=CIF-none'), signIn: true },
    { name: 'customer', url: sandbox.at(`/console/customers/${customer}`), signIn: true },
    { name: 'attempts', url: sandbox.at('/console/attempts'), signIn: true },
    { name: 'attempts-declined', url: sandbox.at('/console/attempts?status=failed'), signIn: true },
    { name: 'reviews', url: sandbox.at('/console/reviews'), signIn: true },
    { name: 'review', url: sandbox.at(`/console/reviews/${await waitingCapture()}`), signIn: true },
    { name: 'rechecks', url: sandbox.at('/console/rechecks'), signIn: true },
    { name: 'rechecks-none', url: sandbox.at('/console/rechecks?status=erased'), signIn: true },
    { name: 'recheck', url: sandbox.at(`/console/rechecks/${await openRecheck()}`), signIn: true },
    { name: 'access', url: sandbox.at('/console/access'), signIn: true },
    { name: 'account', url: sandbox.at('/console/account'), signIn: true },
    { name: 'not-found', url: sandbox.at('/console/customers/cus_none'), signIn: true },
    { name: 'pipeline', url: sandbox.adminAt('/console/pipeline'), signIn: false },
  ];
}

/** The same page in that language. */
export function inLanguage(url, language) {
  const address = new URL(url);
  address.searchParams.set('lang', language);
  return address.href;
}
