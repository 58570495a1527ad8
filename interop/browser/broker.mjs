// Starts the broker on loopback and free ports, with administration, and ends it. The address of
// each listener is read from its log. FLOODWAY_BIN names the binary.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_LIMIT_MS = 30_000;

// In the queues small.> a producer waits as soon as they hold 1 MB.
const CONFIGURATION = `
<beans xmlns="http://www.springframework.org/schema/beans">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="harbour"
          schedulerSupport="true">
    <destinationPolicy><policyMap><policyEntries>
      <policyEntry queue="small.>" memoryLimit="1 mb">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
      </policyEntry>
    </policyEntries></policyMap></destinationPolicy>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
      <transportConnector name="openwire" uri="tcp://127.0.0.1:0"/>
    </transportConnectors>
  </broker>
</beans>
`;

export class Broker {
  static async start() {
    const broker = new Broker();
    broker.home = fs.mkdtempSync(path.join(os.tmpdir(), 'floodway-browser-'));
    const config = path.join(broker.home, 'activemq.xml');
    fs.writeFileSync(config, CONFIGURATION.trimStart());
    fs.writeFileSync(
      path.join(broker.home, 'jetty-realm.properties'),
      'admin: secret, admin\nbob: looks, user\n',
    );
    const log = fs.openSync(path.join(broker.home, 'log'), 'a');
    const args = ['start', '--config', config, '--data', path.join(broker.home, 'data')];
    broker.process = spawn(process.env.FLOODWAY_BIN, [...args, '--admin', '127.0.0.1:0'], {
      cwd: broker.home,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', log, log],
    });
    broker.exited = once(broker.process, 'exit');
    broker.url = `http://${await broker.listening(/administration listening on http:\/\/(\S+)/)}`;
    const stomp = await broker.listening(/stomp connector listening on (\S+)/);
    broker.port = Number(stomp.split(':').pop());
    return broker;
  }

  async listening(pattern) {
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      const found = this.log().match(pattern);
      if (found) return found.slice(1).find(Boolean);
      if (this.process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the broker does not listen:\n${this.log()}`);
      }
      await pause(20);
    }
  }

  log() {
    return fs.readFileSync(path.join(this.home, 'log'), 'utf8');
  }

  // The file as it is now.
  configuration() {
    return fs.readFileSync(path.join(this.home, 'activemq.xml'), 'utf8');
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.exited;
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}
