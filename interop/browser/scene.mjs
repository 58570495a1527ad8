// What a broker is filled with before somebody looks at it, and the pages that there are.

import { Stomp } from './stomp.mjs';

export const JSON_BODY = '{"order":4711,"items":[{"sku":"A-1","count":2}],"price":19.90,"open":true}';
export const XML_BODY = '<order id="4711"><item sku="A-1">2</item><note/></order>';

// Queues, topics, durable subscriptions, dead letters, scheduled messages, all kinds of bodies.
export async function fill(broker) {
  const worker = await Stomp.connect(broker.port, { 'client-id': 'warehouse', login: 'ida' });
  const desk = await Stomp.connect(broker.port, { 'client-id': 'front-desk', login: 'otto' });
  await desk.subscribe('/topic/prices', { 'activemq.subscriptionName': 'board' });
  await worker.subscribe('/topic/prices.>', { selector: "currency = 'EUR'" });
  await worker.subscribe('/queue/orders.express', { 'activemq.prefetchSize': 10 });
  await worker.subscribe('/queue/poison', { id: 'poison' });
  const away = await Stomp.connect(broker.port, { 'client-id': 'night-shift' });
  await away.subscribe('/topic/prices', { 'activemq.subscriptionName': 'archive' });
  away.close();
  for (let n = 0; n < 120; n += 1) {
    await desk.message('/queue/orders', n % 3 ? JSON_BODY : XML_BODY, {
      persistent: n % 2 === 0, color: n % 4 ? 'blue' : 'red', number: n, priority: n % 10,
      'correlation-id': `order-${n}`, type: 'order',
    });
  }
  for (let n = 0; n < 15; n += 1) {
    await desk.message('/queue/orders.express', `express ${n}`, { JMSXGroupID: `g${n % 3}` });
    await desk.message('/topic/prices', `price ${n}`, { currency: 'EUR', persistent: true });
  }
  await desk.message('/queue/bytes', Buffer.from([...Array(10_000).keys()].map((n) => n % 251)));
  for (let n = 0; n < 6; n += 1) await desk.message('/queue/poison', `bad ${n}`, { persistent: true });
  for (let n = 0; n < 4; n += 1) {
    const frame = await worker.frame('MESSAGE');
    if (frame.headers.subscription === 'poison') worker.send('NACK', { id: frame.headers.ack });
    else n -= 1;
  }
  for (let n = 0; n < 3; n += 1) {
    await desk.message('/queue/late', `late ${n}`, { persistent: true, expires: Date.now() + 60 });
  }
  await desk.message('/queue/reports', 'later', { AMQ_SCHEDULED_DELAY: 3_600_000, persistent: true });
  await desk.message('/queue/reports', 'often', {
    AMQ_SCHEDULED_DELAY: 60_000, AMQ_SCHEDULED_PERIOD: 300_000, AMQ_SCHEDULED_REPEAT: 9, persistent: true,
  });
  await desk.message('/queue/reports', 'weekdays', { AMQ_SCHEDULED_CRON: '0 8 * * 1-5', persistent: true });
  for (const name of ['invoices', 'returns', 'mail.out', 'mail.in', 'audit']) {
    await desk.message(`/queue/${name}`, `hello ${name}`, { persistent: true });
  }
  return [worker, desk];
}

// A producer that waits: 1 MB fits, two more bodies do not. `released` is kept once they do.
export async function block(broker, queue = 'small.parcels') {
  const producer = await Stomp.connect(broker.port, { 'client-id': 'hasty-importer', login: 'ivan' });
  const body = 'x'.repeat(100_000);
  for (let n = 0; n < 13; n += 1) {
    producer.send('SEND', { destination: `/queue/${queue}`, receipt: `b${n}` }, body);
  }
  const released = producer.frame('RECEIPT', 'b12');
  released.catch(() => {});
  return { producer, released };
}

// Every page: its name and address.
export const PAGES = [
  ['home', '/admin'],
  ['queues', '/admin/queues'],
  ['topics', '/admin/topics?advisories=yes'],
  ['queue', '/admin/destination?name=queue://orders'],
  ['topic', '/admin/destination?name=topic://prices'],
  ['browse', '/admin/browse?name=queue://orders'],
  ['dead-letters', '/admin/browse?name=queue://ActiveMQ.DLQ'],
  ['causes', '/admin/causes?name=queue://ActiveMQ.DLQ'],
  ['subscribers', '/admin/subscribers'],
  ['connections', '/admin/connections'],
  ['scheduled', '/admin/scheduled'],
  ['send', '/admin/send?name=queue://orders'],
  ['network', '/admin/network'],
];
