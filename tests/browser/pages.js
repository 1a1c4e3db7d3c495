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
