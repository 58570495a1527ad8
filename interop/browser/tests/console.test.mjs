// Every page and every action of the console in a real browser: what is blocked is told and freed
// on the first screen, pages are free of violations of accessibility, names from outside stay
// names. Screenshots of all pages are left in target/interop-browser.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Broker } from '../broker.mjs';
import { HEIGHT, launch, open, shoot, violations } from '../browser.mjs';
import { PAGES, block, fill } from '../scene.mjs';
import { Stomp } from '../stomp.mjs';

// Breaks out of a text, an attribute or an element that is not escaped.
const HOSTILE = `"><img src=x onerror="window['pwned']=1"><script>window['pwned']=1</script>`;

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

// A page that answers, has a heading, broke no rule of its own policy, and none of axe.
async function check(page, name, path) {
  const answer = await page.goto(path);
  assert.equal(answer.status(), 200, `${name} ${path}`);
  assert.equal(await page.locator('h1').count(), 1, name);
  assert.deepEqual(await violations(page), [], name);
  assert.deepEqual(page.faults.splice(0), [], name);
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const notice = (page) => page.locator('.notice').textContent();

// Opens what asks for confirmation, and confirms.
async function confirm(page, opens, yes) {
  await page.locator('summary', { hasText: opens }).first().click();
  await page.getByRole('button', { name: yes }).first().click();
}

describe('pages', () => {
  for (const situation of ['empty', 'data', 'blocked']) {
    it(`are whole and accessible, ${situation}, light and dark`, async () => {
      const broker = await Broker.start();
      const clients = [];
      try {
        if (situation !== 'empty') clients.push(...(await fill(broker)));
        if (situation === 'blocked') clients.push((await block(broker)).producer);
        for (const colorScheme of ['light', 'dark']) {
          const page = await open(browser, broker, { colorScheme });
          const pages = [...PAGES];
          if (situation === 'blocked') {
            pages.push(['blocked-queue', '/admin/destination?name=queue://small.parcels']);
          }
          const own = situation === 'empty' ? pages.filter(([, path]) => !path.includes('name=queue')
            && !path.includes('name=topic')) : pages;
          for (const [name, path] of own) {
            await check(page, name, path);
            await shoot(page, `${name}-${situation}-${colorScheme}`);
          }
          if (situation === 'data') await checkInner(page, colorScheme);
          await page.context().close();
        }
      } finally {
        clients.forEach((one) => one.close());
        await broker.stop();
      }
    });
  }

  // Pages that are reached from others.
  async function checkInner(page, colorScheme) {
    await page.goto('/admin/browse?name=queue://orders');
    const message = await page.locator('tbody th a').nth(1).getAttribute('href');
    for (const form of ['text', 'json', 'xml', 'hex']) {
      await check(page, `message ${form}`, `${message}&as=${form}`);
      await shoot(page, `message-${form}-${colorScheme}`);
    }
    await page.goto('/admin/connections');
    const connection = await page.getByRole('link', { name: 'warehouse' }).getAttribute('href');
    await check(page, 'connection', connection);
    await shoot(page, `connection-${colorScheme}`);
    await page.goto('/admin/destination?name=queue://orders');
    await page.getByText('All settings').click();
    await shoot(page, `settings-${colorScheme}`);
    assert.deepEqual(await violations(page), [], 'settings');
    await page.goto('/admin/queues');
    await page.locator('summary', { hasText: 'Purge' }).first().click();
    await shoot(page, `confirm-${colorScheme}`);
    assert.deepEqual(await violations(page), [], 'confirm');
    await page.goto('/admin/destination?name=queue://none');
    await shoot(page, `refused-${colorScheme}`);
    assert.deepEqual(await violations(page), [], 'refused');
    page.faults.splice(0);
  }
});

describe('a broker in use', () => {
  let broker;
  let page;
  let clients;

  before(async () => {
    broker = await Broker.start();
    clients = await fill(broker);
    page = await open(browser, broker);
  });

  after(async () => {
    clients?.forEach((one) => one.close());
    await broker?.stop();
  });

  const depth = async (name) => {
    await page.goto('/admin/queues');
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
    return Number((await row.locator('td').first().textContent()).replaceAll(',', ''));
  };

  it('tells on the first screen who is blocked, why and what helps, and frees it', async () => {
    const { producer, released } = await block(broker, 'small.first');
    await page.goto('/admin');
    const section = page.locator('section.blocked');
    const fix = page.getByRole('button', { name: /^Set memoryLimit to \d+mb now/ });
    for (const part of [
      page.getByText('1 producer is blocked'),
      section.getByText('nobody consumes from queue://small.first'),
      section.getByRole('link', { name: 'hasty-importer' }),
      fix,
    ]) {
      const box = await part.boundingBox();
      assert.ok(box.y + box.height <= HEIGHT, `${part} is at ${box.y}`);
    }
    await fix.click();
    await released;
    assert.match(await notice(page), /MemoryLimit of queue:\/\/small.first is \d+mb/);
    await page.getByText('No producer is blocked').waitFor();
    assert.match(broker.log(), /user admin at 127.0.0.1:\d+ set memoryLimit of queue:\/\/small.first/);
    producer.close();
  });

  it('explains on the page of the queue, too, and purging frees as well', async () => {
    const { producer, released } = await block(broker, 'small.second');
    await page.goto('/admin/destination?name=queue://small.second');
    await page.getByText('nobody consumes from queue://small.second').waitFor();
    await confirm(page.locator('section.blocked'), 'Purge', 'Yes, purge queue://small.second');
    await released;
    assert.match(await notice(page), /queue:\/\/small.second was purged/i);
    producer.close();
  });

  it('writes the fix into the configuration as well', async () => {
    const { producer, released } = await block(broker, 'small.third');
    await page.goto('/admin');
    await page.getByRole('button', { name: /^Now and in the file/ }).click();
    await released;
    assert.match(await notice(page), /here and in the file/);
    assert.match(broker.configuration(), /small\.third.*memoryLimit|memoryLimit.*small\.third/);
    producer.close();
  });

  it('shows new figures without being reloaded', async () => {
    await page.goto('/admin/queues?search=mail.in');
    const cell = page.locator('tbody td').first();
    assert.equal(await cell.textContent(), '1');
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    await clients[1].message('/queue/mail.in', 'another', { persistent: true });
    await page.waitForFunction(() => document.querySelector('tbody td').textContent === '2');
    await page.getByText('live', { exact: true }).waitFor();
    assert.equal(await page.evaluate(() => window.sameDocument), true);
  });

  it('holds no connection for a page that is behind others', async () => {
    await page.goto('/admin/queues?search=mail.out');
    const turn = (hidden) => page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    await page.getByText('live', { exact: true }).waitFor();
    await turn(true);
    await clients[1].message('/queue/mail.out', 'another', { persistent: true });
    await page.waitForTimeout(3000);
    assert.equal(await page.locator('tbody td').first().textContent(), '1');
    await turn(false);
    await page.waitForFunction(() => document.querySelector('tbody td').textContent === '2');
  });

  it('fits on a phone', async () => {
    const phone = await open(browser, broker, { viewport: { width: 390, height: 844 } });
    for (const [name, path] of PAGES) {
      await phone.goto(path);
      const width = await phone.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 390, `${name} is ${width} wide`);
    }
    await phone.goto('/admin');
    await shoot(phone, 'phone', 390);
    await phone.context().close();
  });

  it('can be read without a script', async () => {
    const plain = await open(browser, broker, { javaScriptEnabled: false });
    await plain.goto('/admin');
    await plain.getByText('No producer is blocked').waitFor();
    await plain.getByRole('link', { name: 'Queues', exact: true }).click();
    await plain.getByRole('link', { name: 'Pending' }).click();
    assert.equal(await plain.locator('tbody th a').first().textContent(), 'orders');
    await plain.getByRole('link', { name: 'orders', exact: true }).click();
    await button(plain, 'Pause orders').click();
    await button(plain, 'Resume orders').click();
    assert.match(await notice(plain), /goes on/);
    await plain.context().close();
  });

  it('creates, pauses, resumes, purges and deletes a queue', async () => {
    await page.goto('/admin/queues');
    await page.getByLabel('New queue').fill('made.here');
    await button(page, 'Create').click();
    assert.match(await notice(page), /queue:\/\/made.here was created/i);
    await page.getByRole('link', { name: 'made.here', exact: true }).click();
    await clients[1].message('/queue/made.here', 'one', { persistent: true });
    await button(page, 'Pause made.here').click();
    await page.getByText('Paused: nothing is dispatched').waitFor();
    await button(page, 'Resume made.here').click();
    assert.match(await notice(page), /goes on/);
    assert.equal(await page.getByText('Paused: nothing is dispatched').count(), 0);
    await confirm(page, 'Purge', 'Yes, purge made.here');
    assert.match(await notice(page), /was purged/);
    assert.equal(await depth('made.here'), 0);
    await page.getByRole('link', { name: 'made.here', exact: true }).click();
    await confirm(page, 'Delete', 'Yes, delete made.here');
    assert.match(await notice(page), /was deleted/);
    assert.equal(await page.getByRole('link', { name: 'made.here', exact: true }).count(), 0);
  });

  it('undoes a purge and a deletion, also without a script', async () => {
    const undo = (page, what) => page.getByRole('button', { name: what }).first();
    const plain = await open(browser, broker, { javaScriptEnabled: false });
    for (const [number, own] of [page, plain].entries()) {
      const name = `undo.${number}`;
      for (const body of ['one', 'two']) {
        await clients[1].message(`/queue/${name}`, body, { persistent: true });
      }
      await clients[1].message(`/queue/${name}`, 'light', { persistent: false });
      await own.goto(`/admin/destination?name=queue://${name}`);
      await confirm(own, 'Purge', `Yes, purge ${name}`);
      assert.match(await notice(own), /was purged\. 2 of 3 messages can be put back for \d+ s/);
      if (own === page) assert.deepEqual(await violations(page), [], 'notice');
      assert.equal(await depth(name), 0);
      await own.goto(`/admin/destination?name=queue://${name}`);
      await confirm(own, 'Delete', `Yes, delete ${name}`);
      assert.doesNotMatch(await notice(own), /can be put back/, 'it was empty');
      // From the list, because the notice is gone.
      await own.goto('/admin/queues');
      await own.getByRole('heading', { name: 'Can be undone' }).waitFor();
      if (own === page) {
        assert.deepEqual(await violations(page), [], 'list of undos');
        await shoot(page, 'undo');
      }
      await undo(own, `Undo removal from queue://${name}`).click();
      assert.match(await notice(own), new RegExp(`2 messages put back to queue://${name}`));
      assert.equal(await depth(name), 2);
      await own.goto(`/admin/destination?name=queue://${name}`);
      await confirm(own, 'Delete', `Yes, delete ${name}`);
      await undo(own, `Undo deletion of queue://${name}`).click();
      assert.match(await notice(own), /2 messages put back/);
      assert.equal(await depth(name), 2);
    }
    assert.match(broker.log(), /user admin at 127.0.0.1:\d+ undid the deletion of queue:\/\/undo.0/);
    assert.deepEqual(page.faults.splice(0), []);
    await plain.context().close();
  });

  it('changes a setting of a queue at once', async () => {
    await page.goto('/admin/destination?name=queue://invoices');
    await page.getByText('All settings').click();
    await page.getByLabel('memoryLimit', { exact: true }).fill('20mb');
    await button(page, 'Set memoryLimit').click();
    assert.match(await notice(page), /MemoryLimit of queue:\/\/invoices is 20mb/);
    await page.locator('.figures').getByText('of 20.0 mb').waitFor();
    await page.getByText('All settings').click();
    await page.getByLabel('memoryLimit', { exact: true }).fill('a lot');
    await button(page, 'Set memoryLimit').click();
    await page.getByText('is a size').waitFor();
  });

  it('creates a topic and searches and sorts lists', async () => {
    await page.goto('/admin/topics');
    await page.getByLabel('New topic').fill('made.topic');
    await button(page, 'Create').click();
    await page.getByLabel('Name has').fill('MADE');
    await button(page, 'Search').click();
    assert.deepEqual(await page.locator('tbody th a').allTextContents(), ['made.topic']);
    await page.goto('/admin/queues');
    await page.getByRole('link', { name: 'Enqueued' }).click();
    const numbers = await page.locator('tbody td:nth-child(5)').allTextContents();
    const sorted = numbers.map(Number).toSorted((one, other) => other - one);
    assert.deepEqual(numbers.map(Number), sorted);
    assert.equal(await page.locator('th[aria-sort=descending]').textContent(), 'Enqueued ▼');
  });

  it('browses by pages and filters', async () => {
    for (let n = 0; n < 120; n += 1) await clients[1].message('/queue/deep', `body ${n}`, { number: n });
    await page.goto('/admin/browse?name=queue://deep');
    await page.getByText('1 to 50 of 120').waitFor();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByText('101 to 120 of 120').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 20);
    await page.getByText('body 119').waitFor();
    await page.getByLabel('After the first').fill('42');
    await button(page, 'Go').click();
    await page.getByText('body 42', { exact: true }).waitFor();
    await page.getByLabel('Selector').fill('number = 77');
    await button(page, 'Filter').click();
    assert.deepEqual(await page.locator('td.preview').allTextContents(), ['body 77']);
  });

  it('moves, copies and deletes messages that are marked', async () => {
    await page.goto('/admin/browse?name=queue://deep');
    await page.getByRole('checkbox').nth(0).check();
    await page.getByRole('checkbox').nth(1).check();
    await page.getByLabel('To', { exact: true }).fill('queue://moved');
    await button(page, 'Move').click();
    assert.match(await notice(page), /2 messages moved to queue:\/\/moved/);
    await page.getByRole('checkbox').nth(0).check();
    await page.getByLabel('To', { exact: true }).fill('moved');
    await button(page, 'Copy').click();
    assert.match(await notice(page), /1 message copied/);
    await button(page, 'Mark all').click();
    await confirm(page, 'Delete', 'Yes, delete');
    assert.match(await notice(page), /50 messages deleted/);
    assert.equal(await depth('deep'), 68);
    assert.equal(await depth('moved'), 3);
    await page.goto('/admin/browse?name=queue://deep');
    await button(page, 'Move').click();
    await page.getByText('No message was chosen').waitFor();
  });

  it('shows a message as text, JSON, XML and hex, and acts on it', async () => {
    await clients[1].message('/queue/shown', '{"a":[1,{"b":"c"}]}', { color: 'red', JMSXGroupID: 'g1' });
    await clients[1].message('/queue/shown', '<a><b>text</b></a>');
    await page.goto('/admin/browse?name=queue://shown');
    await page.locator('tbody th a').first().click();
    const body = page.locator('pre.body');
    assert.equal(await body.textContent(), '{\n  "a": [\n    1,\n    {\n      "b": "c"\n    }\n  ]\n}');
    await page.getByRole('link', { name: 'Hex' }).click();
    assert.match(await body.textContent(), /^00000000 {2}7b 22 61 .*\{"a":\[1,/);
    await page.getByRole('link', { name: 'Text' }).click();
    assert.equal(await body.textContent(), '{"a":[1,{"b":"c"}]}');
    const row = page.getByRole('row', { name: 'color' });
    assert.match(await row.textContent(), /red/);
    await confirm(page, 'Delete', 'Yes, delete');
    assert.match(await notice(page), /1 message deleted/);
    await page.locator('tbody th a').first().click();
    assert.equal(await body.textContent(), '<a>\n  <b>text</b>\n</a>');
    await page.getByLabel('To', { exact: true }).fill('elsewhere');
    await button(page, 'Move').click();
    assert.match(await notice(page), /1 message moved to elsewhere/);
    await page.getByText('There is no message').waitFor();
  });

  it('groups dead letters by cause and retries them', async () => {
    await page.goto('/admin/destination?name=queue://ActiveMQ.DLQ');
    await page.getByRole('link', { name: 'Causes' }).click();
    const rows = await page.locator('tbody tr').allTextContents();
    assert.equal(rows.length, 2);
    assert.match(rows[0], /poison acknowledgement.*4.*queue:\/\/poison \(4\)/);
    assert.match(rows[1], /Message Expired.*3.*queue:\/\/late \(3\)/);
    await page.locator('summary', { hasText: 'Delete' }).nth(1).click();
    await button(page, 'Yes, delete cause 2').click();
    assert.match(await notice(page), /3 messages deleted/);
    await page.getByRole('link', { name: 'Browse cause 1' }).click();
    assert.equal(await page.locator('tbody tr').count(), 4);
    await page.getByRole('checkbox').first().check();
    await button(page, 'Retry').click();
    assert.match(await notice(page), /1 message moved back to where they came from/);
    assert.equal(await depth('ActiveMQ.DLQ'), 3);
    await page.goto('/admin/causes?name=queue://ActiveMQ.DLQ');
    await page.locator('summary', { hasText: 'Retry' }).click();
    await button(page, 'Yes, retry cause 1').click();
    await page.getByText('There is no message').waitFor();
    assert.equal(await depth('ActiveMQ.DLQ'), 0);
  });

  it('sends now and later, and takes back what is scheduled', async () => {
    await page.goto('/admin/send?name=queue://sent');
    await page.getByLabel('Body').fill('hello <b>you</b>');
    await page.getByLabel('Properties').fill('color=red\nsize=3');
    await page.getByLabel('How many').fill('3');
    await page.getByLabel('Priority').fill('9');
    await button(page, 'Send').click();
    assert.match(await notice(page), /3 messages sent to queue:\/\/sent/);
    assert.equal(await depth('sent'), 3);
    await page.goto('/admin/browse?name=queue://sent&selector=size = 3 AND color = %27red%27');
    assert.equal(await page.locator('tbody tr').count(), 3);
    await page.goto('/admin/send?name=queue://sent');
    await page.getByLabel('Delay').fill('86400000');
    await button(page, 'Send').click();
    await page.getByRole('link', { name: 'Scheduled' }).click();
    const row = page.getByRole('row').filter({ hasText: 'queue://sent' });
    const remove = async () => {
      await row.locator('summary').click();
      await row.getByRole('button', { name: /^Yes, remove/ }).click();
      assert.match(await notice(page), /was removed\. 1 message can be put back for \d+ s/);
      assert.equal(await row.count(), 0);
    };
    await remove();
    const undo = page.getByRole('button', { name: 'Undo removal of scheduled messages' });
    await undo.first().click();
    assert.match(await notice(page), /1 message scheduled again/);
    assert.equal(await row.count(), 1);
    await remove();
    await page.goto('/admin/send?name=queue://sent');
    await page.getByLabel('Cron').fill('not a cron entry');
    await button(page, 'Send').click();
    await page.getByText('AMQ_SCHEDULED_CRON').waitFor();
  });

  it('creates and removes durable subscriptions, and has one back', async () => {
    await page.goto('/admin/subscribers');
    await page.locator('summary', { hasText: 'New durable' }).click();
    await page.getByLabel('Client id').fill('someone');
    await page.getByLabel('Name', { exact: true }).fill('news');
    await page.getByLabel('Topic', { exact: true }).fill('prices');
    await button(page, 'Create').click();
    assert.match(await notice(page), /durable subscription news of someone was created/i);
    await page.getByRole('link', { name: 'Durable, offline' }).click();
    const table = page.getByRole('table', { name: 'Subscribers' });
    const row = table.getByRole('row').filter({ hasText: 'someone' });
    const remove = async () => {
      await row.locator('summary').click();
      await row.getByRole('button', { name: 'Yes, remove news' }).click();
      assert.match(await notice(page), /was removed\. It can be put back for \d+ s/);
      assert.equal(await row.count(), 0);
    };
    await remove();
    await page.getByRole('heading', { name: 'Can be undone' }).waitFor();
    assert.deepEqual(await violations(page), [], 'list of undos');
    const undo = 'Undo removal of durable subscription news of someone';
    await page.getByRole('button', { name: undo }).first().click();
    assert.match(await notice(page), /news of someone is back with 0 messages/);
    assert.equal(await row.count(), 1);
    await remove();
  });

  it('shows a connection with its consumers and closes it', async () => {
    const guest = await Stomp.connect(broker.port, { 'client-id': 'guest', login: 'gus' });
    await guest.subscribe('/queue/guests');
    await page.goto('/admin/connections');
    await page.getByLabel('Client, user or address has').fill('GUS');
    await button(page, 'Search').click();
    await page.getByRole('link', { name: 'guest', exact: true }).click();
    await page.getByRole('link', { name: 'queue://guests' }).waitFor();
    await confirm(page, 'Close', 'Yes, close the connection');
    assert.match(await notice(page), /was closed/);
    await page.waitForFunction(() => !document.body.textContent.includes('gus'));
    guest.close();
  });

  it('shows a user who may only look nothing to press, and refuses', async () => {
    const viewer = await open(browser, broker, { user: 'bob' });
    for (const [name, path] of PAGES.filter(([name]) => name !== 'causes')) {
      await viewer.goto(path);
      assert.equal(await viewer.locator('form[method=post]').count(), 0, name);
    }
    const status = await viewer.evaluate(async () => {
      const body = new URLSearchParams({ name: 'queue://orders' });
      return (await fetch('/admin/do/purge', { method: 'POST', body })).status;
    });
    assert.equal(status, 403);
    await viewer.context().close();
  });

  it('takes no form without the token of its login', async () => {
    await page.goto('/admin');
    const post = (token) => page.evaluate(async (token) => {
      const body = new URLSearchParams({ name: 'queue://audit', token });
      return (await fetch('/admin/do/purge', { method: 'POST', body })).status;
    }, token);
    assert.equal(await post(''), 403);
    assert.equal(await post('A'.repeat(24)), 403);
    assert.equal(await depth('audit'), 1);
  });

  it('is used with the keyboard alone', async () => {
    await page.goto('/admin/queues');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.name), 'search');
    await page.keyboard.type('returns');
    await page.keyboard.press('Enter');
    await page.waitForURL(/search=returns/);
    const seen = async () => page.evaluate(() => document.activeElement.textContent.trim());
    for (let n = 0; n < 60 && (await seen()) !== 'Purge…'; n += 1) await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await seen(), 'Yes, purge returns');
    await page.keyboard.press('Enter');
    await page.locator('.notice').waitFor();
    assert.equal(await depth('returns'), 0);
  });
});

describe('names, properties and bodies of others', () => {
  it('are shown on every page and do nothing', async () => {
    const broker = await Broker.start();
    const client = await Stomp.connect(broker.port, { 'client-id': HOSTILE, login: HOSTILE });
    try {
      const queue = `/queue/${HOSTILE}`;
      await client.subscribe(`/topic/${HOSTILE}`, { 'activemq.subscriptionName': HOSTILE });
      await client.subscribe(queue, { selector: `x = '${HOSTILE.replaceAll("'", "''")}'` });
      for (const destination of [queue, '/queue/ActiveMQ.DLQ']) {
        await client.message(destination, HOSTILE, {
          [HOSTILE]: HOSTILE, type: HOSTILE, 'correlation-id': HOSTILE, 'reply-to': queue,
          JMSXGroupID: HOSTILE, dlqDeliveryFailureCause: HOSTILE, persistent: true,
        });
      }
      await client.message(queue, HOSTILE, { AMQ_SCHEDULED_DELAY: 3_600_000, persistent: true });
      const page = await open(browser, broker);
      const of = (path, kind = 'queue') => `${path}?name=${encodeURIComponent(`${kind}://${HOSTILE}`)}`;
      await page.goto(of('/admin/browse'));
      const message = await page.locator('tbody th a').first().getAttribute('href');
      await page.goto('/admin/connections');
      const connection = await page.locator('tbody th a').first().getAttribute('href');
      const paths = PAGES.filter(([, path]) => !path.includes('orders') && !path.includes('prices'))
        .map(([, path]) => path);
      for (const path of [
        ...paths, of('/admin/destination'), of('/admin/destination', 'topic'), of('/admin/browse'),
        of('/admin/causes'), of('/admin/send'), connection, message,
        ...['text', 'json', 'xml', 'hex'].map((form) => `${message}&as=${form}`),
        `/admin/queues?search=${encodeURIComponent(HOSTILE)}`,
      ]) {
        const answer = await page.goto(path);
        assert.equal(answer.status(), 200, path);
        // Two ticks of live figures go through the script as well.
        if (path === '/admin/queues') await page.waitForTimeout(2500);
        const found = await page.evaluate(() => ({
          pwned: window.pwned,
          foreign: document.querySelectorAll('img, script:not([src="/admin/console.js"])').length,
          shown: document.body.innerText.includes('<img src=x')
            || [...document.querySelectorAll('input')].some((one) => one.value.includes('<img src=x')),
        }));
        assert.deepEqual([found.pwned, found.foreign], [undefined, 0], path);
        const quiet = ['/admin/scheduled', '/admin/network', '/admin'].some((one) => path === one);
        if (!quiet && !path.includes('as=hex')) assert.ok(found.shown, `${path} does not show it`);
        assert.deepEqual(await violations(page), [], path);
        assert.deepEqual(page.faults.splice(0), [], path);
      }
      await page.goto(of('/admin/destination'));
      await shoot(page, 'hostile');
    } finally {
      client.close();
      await broker.stop();
    }
  });
});
