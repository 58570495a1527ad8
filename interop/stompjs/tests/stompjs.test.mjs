// @stomp/stompjs against a running broker: what its users call, in the order they call it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client, ReconnectionTimeMode, Versions } from '@stomp/stompjs';
import { activemq, Broker, unavailable } from '../broker.mjs';
import { TcpSocket } from '../tcp.mjs';

const TIMEOUT_MS = 10_000;
const QUIET_MS = 300;

// What arrives, in order, awaited one by one.
class Inbox {
  items = [];
  waiting = [];

  put(item) {
    const next = this.waiting.shift();
    if (next) next(item);
    else this.items.push(item);
  }

  async next() {
    if (this.items.length) return this.items.shift();
    return within(new Promise((resolve) => this.waiting.push(resolve)), 'a message');
  }

  async many(count) {
    const all = [];
    while (all.length < count) all.push(await this.next());
    return all;
  }

  async empty() {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    assert.equal(this.items.length, 0);
  }
}

function within(promise, what, limit = TIMEOUT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in time`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

describe('@stomp/stompjs over TCP', { skip: unavailable }, () => {
  let broker;
  let number = 0;
  const clients = [];

  before(async () => {
    broker = await Broker.create();
  });

  after(async () => {
    for (const client of clients) await client.deactivate({ force: true });
    await broker?.remove();
  });

  const queue = () => `/queue/stompjs.${++number}`;

  async function connect(settings = {}) {
    const client = new Client({
      webSocketFactory: () => new TcpSocket(broker.port),
      reconnectDelay: 0,
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
      ...settings,
    });
    clients.push(client);
    const connected = new Promise((resolve) => {
      client.onConnect = resolve;
    });
    client.errors = new Inbox();
    client.onStompError = (frame) => client.errors.put(frame);
    client.activate();
    client.welcome = await within(connected, 'CONNECTED');
    return client;
  }

  function receipt(client, id) {
    return within(new Promise((resolve) => client.watchForReceipt(id, resolve)), `receipt ${id}`);
  }

  async function subscribe(client, destination, headers = {}) {
    const inbox = new Inbox();
    const id = `on-${++number}`;
    const done = receipt(client, id);
    const handle = client.subscribe(destination, (m) => inbox.put(m), { ...headers, receipt: id });
    await done;
    inbox.unsubscribe = (more) => handle.unsubscribe(more);
    return inbox;
  }

  async function publish(client, destination, body, headers = {}) {
    const id = `sent-${++number}`;
    const done = receipt(client, id);
    client.publish({ destination, body, headers: { ...headers, receipt: id } });
    await done;
  }

  for (const version of [Versions.V1_0, Versions.V1_1, Versions.V1_2]) {
    it(`connects and delivers in ${version}`, async () => {
      const client = await connect({ stompVersions: new Versions([version]) });
      assert.equal(client.connectedVersion, version);
      const inbox = await subscribe(client, queue().replace(/\d+$/, `v${version}`));
      await publish(client, `/queue/stompjs.v${version}`, 'hello');
      assert.equal((await inbox.next()).body, 'hello');
      await client.deactivate();
    });
  }

  it('chooses 1.2 when all are offered', async () => {
    const client = await connect();
    assert.equal(client.connectedVersion, '1.2');
    assert.ok(client.welcome.headers.server);
  });

  it('delivers text and headers as sent', async () => {
    const client = await connect();
    const name = queue();
    const inbox = await subscribe(client, name);
    await publish(client, name, 'grüße ☃\n', { 'correlation-id': '7', odd: 'a:b\nd' });
    const message = await inbox.next();
    assert.equal(message.body, 'grüße ☃\n');
    assert.equal(message.headers['correlation-id'], '7');
    assert.equal(message.headers.odd, 'a:b\nd');
  });

  it('delivers bytes as sent', async () => {
    const client = await connect();
    const name = queue();
    const inbox = await subscribe(client, name);
    const binaryBody = Uint8Array.from({ length: 70_000 }, (_, n) => n % 256);
    client.publish({ destination: name, binaryBody });
    const message = await inbox.next();
    assert.deepEqual(message.binaryBody, binaryBody);
    assert.equal(message.headers['content-length'], '70000');
  });

  it('keeps the order of a thousand messages', async () => {
    const client = await connect();
    const name = queue();
    const inbox = await subscribe(client, name);
    for (let n = 0; n < 1000; n += 1) client.publish({ destination: name, body: String(n) });
    const bodies = (await inbox.many(1000)).map((message) => message.body);
    assert.deepEqual(bodies, Array.from({ length: 1000 }, (_, n) => String(n)));
  });

  it('acknowledges one by one and gets the rest again', async () => {
    const name = queue();
    const first = await connect();
    for (const body of ['a', 'b', 'c']) await publish(first, name, body, { persistent: 'true' });
    const inbox = await subscribe(first, name, { ack: 'client-individual' });
    const [, b] = await inbox.many(3);
    const done = receipt(first, 'acked');
    b.ack({ receipt: 'acked' });
    await done;
    await first.deactivate();

    const second = await connect();
    const again = await (await subscribe(second, name)).many(2);
    assert.deepEqual(again.map((message) => message.body), ['a', 'c']);
    assert.ok(again.every((message) => message.headers.redelivered === 'true'));
  });

  it('acknowledges all before in client mode', async () => {
    const name = queue();
    const first = await connect();
    for (const body of ['a', 'b', 'c']) await publish(first, name, body);
    const inbox = await subscribe(first, name, { ack: 'client' });
    const messages = await inbox.many(3);
    const done = receipt(first, 'acked-two');
    messages[1].ack({ receipt: 'acked-two' });
    await done;
    await first.deactivate();

    const rest = await subscribe(await connect(), name);
    assert.equal((await rest.next()).body, 'c');
    await rest.empty();
  });

  it('sends what is nacked to the dead letter queue', async () => {
    const name = queue();
    const client = await connect();
    const dead = await subscribe(client, '/queue/ActiveMQ.DLQ', { selector: `mark = '${name}'` });
    const inbox = await subscribe(client, name, { ack: 'client-individual' });
    await publish(client, name, 'poison', { persistent: 'true', mark: name });
    (await inbox.next()).nack();
    const letter = await dead.next();
    assert.equal(letter.body, 'poison');
    assert.equal(letter.headers['original-destination'], name);
  });

  it('commits and aborts transactions', async () => {
    const name = queue();
    const client = await connect();
    const inbox = await subscribe(client, name);
    const lost = client.begin();
    client.publish({ destination: name, body: 'lost', headers: { transaction: lost.id } });
    lost.abort();
    const kept = client.begin();
    client.publish({ destination: name, body: 'kept', headers: { transaction: kept.id } });
    await inbox.empty();
    kept.commit();
    assert.equal((await inbox.next()).body, 'kept');
    await inbox.empty();
  });

  it('stops delivering after unsubscribe', async () => {
    const topic = `/topic/stompjs.${++number}`;
    const client = await connect();
    const inbox = await subscribe(client, topic);
    await publish(client, topic, 'one');
    await inbox.next();
    const done = receipt(client, 'off');
    inbox.unsubscribe({ receipt: 'off' });
    await done;
    await publish(client, topic, 'two');
    await inbox.empty();
  });

  it('hands an ERROR to onStompError', async () => {
    const client = await connect();
    client.publish({ destination: queue(), body: 'x', headers: { transaction: 'no-such' } });
    const error = await client.errors.next();
    assert.match(error.headers.message, /no-such/);
  });

  it('holds a connection with heart-beats both ways', async () => {
    const client = await connect({
      heartbeatIncoming: 800,
      heartbeatOutgoing: 800,
      // The first beat of ActiveMQ may come almost two intervals late.
      heartbeatToleranceMultiplier: activemq ? 4 : 2,
    });
    let closed = false;
    client.onWebSocketClose = () => {
      closed = true;
    };
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.equal(closed, false);
    assert.equal(client.connected, true);
  });

  it('reconnects by itself after a restart of the broker and finds what was kept', async () => {
    const name = queue();
    const client = await connect({
      reconnectDelay: 50,
      reconnectTimeMode: ReconnectionTimeMode.LINEAR,
    });
    await publish(client, name, 'kept', { persistent: 'true' });
    const again = new Promise((resolve) => {
      client.onConnect = resolve;
    });
    const code = await broker.stop();
    assert.ok(code === 0 || code === 143, `exit code ${code}`);
    await broker.start();
    await within(again, 'the second CONNECTED', 60_000);
    const inbox = await subscribe(client, name);
    assert.equal((await inbox.next()).body, 'kept');
  });
});
