// The smallest client of STOMP 1.2 that a test needs: frames out, frames in, receipts awaited.

import net from 'node:net';
import { once } from 'node:events';

const ESCAPES = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };
const TIMEOUT_MS = 10_000;

export class Stomp {
  constructor(port) {
    this.socket = net.createConnection({ host: '127.0.0.1', port });
    this.input = Buffer.alloc(0);
    this.frames = [];
    this.waiting = [];
    this.receipts = 0;
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => this.take(data));
  }

  static async connect(port, headers = {}) {
    const client = new Stomp(port);
    await once(client.socket, 'connect');
    client.send('CONNECT', { 'accept-version': '1.2', host: 'x', ...headers });
    await client.frame('CONNECTED');
    return client;
  }

  send(command, headers, body = '') {
    // CONNECT is not escaped.
    const escaped = (text) =>
      command === 'CONNECT' ? text : String(text).replace(/[\\\r\n:]/g, (one) => ESCAPES[one]);
    const lines = Object.entries(headers).map(([key, value]) => `${escaped(key)}:${escaped(value)}\n`);
    const head = Buffer.from(`${command}\n${lines.join('')}\n`);
    this.socket.write(Buffer.concat([head, Buffer.from(body), Buffer.from([0])]));
  }

  // Sends a message; the promise is kept when the broker has it.
  async message(destination, body, headers = {}) {
    const receipt = `r${++this.receipts}`;
    const length = Buffer.isBuffer(body) ? { 'content-length': body.length } : {};
    this.send('SEND', { destination, receipt, ...length, ...headers }, body);
    await this.frame('RECEIPT', receipt);
  }

  async subscribe(destination, headers = {}) {
    const receipt = `r${++this.receipts}`;
    this.send('SUBSCRIBE', { id: `s${this.receipts}`, destination, receipt, ack: 'client-individual', ...headers });
    await this.frame('RECEIPT', receipt);
  }

  take(data) {
    this.input = Buffer.concat([this.input, data]);
    for (;;) {
      while (this.input[0] === 10) this.input = this.input.subarray(1);
      const end = this.input.indexOf(0);
      if (end < 0) return;
      const [head, ...body] = this.input.subarray(0, end).toString().split('\n\n');
      this.input = this.input.subarray(end + 1);
      const [command, ...lines] = head.split('\n');
      const headers = Object.fromEntries(lines.map((line) => {
        const at = line.indexOf(':');
        const plain = line.slice(at + 1).replace(/\\c/g, ':').replace(/\\n/g, '\n');
        return [line.slice(0, at), plain];
      }));
      this.frames.push({ command, headers, body: body.join('\n\n') });
      this.waiting.splice(0).forEach((wake) => wake());
    }
  }

  async frame(command, receipt) {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const at = this.frames.findIndex(
        (one) => one.command === command && (!receipt || one.headers['receipt-id'] === receipt),
      );
      if (at >= 0) return this.frames.splice(at, 1)[0];
      const error = this.frames.find((one) => one.command === 'ERROR');
      if (error && command !== 'ERROR') throw new Error(error.headers.message + error.body);
      if (Date.now() > deadline) throw new Error(`no ${command} came`);
      await new Promise((wake) => {
        this.waiting.push(wake);
        setTimeout(wake, 200);
      });
    }
  }

  close() {
    this.socket.destroy();
  }
}
