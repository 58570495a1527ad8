// Starts the broker under test on loopback and a free port, and ends it. FLOODWAY_BIN names the
// binary; INTEROP_BROKER=activemq runs ActiveMQ Classic instead, to check the suite itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const activemq = process.env.INTEROP_BROKER === 'activemq';
const activemqHome = process.env.ACTIVEMQ_HOME ?? '/usr/share/activemq';
const floodway = process.env.FLOODWAY_BIN ?? path.join(root, 'target/release/floodway');
const START_LIMIT_MS = 60_000;

export const unavailable = activemq
  ? !fs.existsSync(path.join(activemqHome, 'bin/activemq.jar')) && `no ActiveMQ at ${activemqHome}`
  : !fs.existsSync(floodway) && `no broker at ${floodway}; run cargo build --release`;

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const configuration = (port) => `
<beans xmlns="http://www.springframework.org/schema/beans"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
       http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer"/>
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="interop"
          dataDirectory="\${activemq.data}" useJmx="false">
    <persistenceAdapter><kahaDB directory="\${activemq.data}/kahadb"/></persistenceAdapter>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${port}"/>
    </transportConnectors>
  </broker>
</beans>
`;

export class Broker {
  static async create() {
    const broker = new Broker();
    broker.home = fs.mkdtempSync(path.join(os.tmpdir(), 'floodway-stompjs-'));
    broker.port = await freePort();
    broker.config = path.join(broker.home, 'activemq.xml');
    broker.data = path.join(broker.home, 'data');
    fs.mkdirSync(broker.data);
    fs.writeFileSync(broker.config, configuration(broker.port).trimStart());
    await broker.start();
    return broker;
  }

  async start() {
    const log = fs.openSync(path.join(this.home, 'broker.log'), 'a');
    const [command, ...args] = this.command();
    const env = { ...process.env, FLOODWAY_ADMIN: 'none' };
    this.process = spawn(command, args, { cwd: this.home, env, stdio: ['ignore', log, log] });
    this.exited = once(this.process, 'exit');
    const deadline = Date.now() + START_LIMIT_MS;
    while (!(await this.accepts())) {
      if (this.process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the broker does not listen:\n${this.log()}`);
      }
    }
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    const [code] = await this.exited;
    return code;
  }

  async remove() {
    await this.stop('SIGKILL');
    fs.rmSync(this.home, { recursive: true, force: true });
  }

  log() {
    return fs.readFileSync(path.join(this.home, 'broker.log'), 'utf8').slice(-4000);
  }

  accepts() {
    return new Promise((resolve) => {
      const socket = net.createConnection({ host: '127.0.0.1', port: this.port });
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => setTimeout(() => resolve(false), 10));
    });
  }

  command() {
    if (!activemq) {
      return [floodway, 'start', '--config', this.config, '--data', this.data];
    }
    return [
      'java', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
      `-Dactivemq.home=${activemqHome}`, `-Dactivemq.base=${this.home}`,
      `-Dactivemq.conf=${this.home}`, `-Dactivemq.data=${this.data}`,
      '-jar', path.join(activemqHome, 'bin/activemq.jar'), 'start', `xbean:file:${this.config}`,
    ];
  }
}
