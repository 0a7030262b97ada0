// Buys a voucher with the client that was generated from the server's own OpenAPI document, and nothing else.
import { client } from './client/client.gen';
import { createOrder, createQuote, createToken, getOrderByReference, listOffers } from './client';

async function main() {
  const { BASE_URL, PARTNERKEY, PARTNERTOKEN } = process.env;
  if (!BASE_URL || !PARTNERKEY || !PARTNERTOKEN) throw new Error('BASE_URL, PARTNERKEY and PARTNERTOKEN are needed');

  client.setConfig({ baseUrl: BASE_URL, throwOnError: true });

  const { data: token } = await createToken({
    throwOnError: true,
    body: { grant_type: 'client_credentials', client_id: PARTNERKEY, client_secret: PARTNERTOKEN },
  });
  client.setConfig({ auth: token.access_token });

  const { data: offers } = await listOffers({ throwOnError: true, query: { q: '초코', limit: 1 } });
  const offer = offers.data[0];
  if (!offer) throw new Error('nothing is on sale');

  const { data: quote } = await createQuote({ throwOnError: true, body: { items: [{ offer_id: offer.id, quantity: 1 }] } });
  const reference = `generated-${process.pid}`;
  const { data: order } = await createOrder({
    throwOnError: true,
    headers: { 'Idempotency-Key': reference },
    body: { reference, quote_id: quote.id },
  });
  const { data: found } = await getOrderByReference({ throwOnError: true, path: { reference } });
  if (found.id !== order.id || order.total !== quote.total) throw new Error(`bought ${order.id}, found ${found.id}`);

  const bad = await createOrder({
    throwOnError: false,
    headers: { 'Idempotency-Key': `${reference}-again` },
    body: { reference, items: [{ offer_id: offer.id, quantity: 1 }], total: offer.price },
  });
  if (bad.response?.status !== 409) throw new Error(`a reference was taken twice: ${bad.response?.status}`);

  console.log(JSON.stringify({ order: order.id, number: order.vouchers[0]?.number }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
