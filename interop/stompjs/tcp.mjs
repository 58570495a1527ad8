// The shape of a WebSocket over a plain TCP socket, which is how @stomp/stompjs reaches a broker
// that speaks STOMP without WebSocket. It knows nothing of STOMP; it passes bytes both ways.

import net from 'node:net';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

export class TcpSocket {
  constructor(port) {
    this.url = `tcp://127.0.0.1:${port}/`;
    this.readyState = CONNECTING;
    this.socket = net.createConnection({ host: '127.0.0.1', port });
    this.socket.setNoDelay(true);
    this.socket.on('connect', () => {
      this.readyState = OPEN;
      this.onopen?.({});
    });
    this.socket.on('data', (data) => {
      const bytes = new Uint8Array(data);
      this.onmessage?.({ data: bytes.buffer });
    });
    this.socket.on('error', (error) => {
      this.failed = true;
      this.onerror?.(error);
    });
    this.socket.on('close', () => {
      this.readyState = CLOSED;
      this.onclose?.({ code: this.failed ? 1006 : 1000, reason: '', wasClean: !this.failed });
    });
  }

  send(data) {
    this.socket.write(typeof data === 'string' ? data : Buffer.from(data));
  }

  close() {
    this.readyState = CLOSING;
    this.socket.end();
  }

  terminate() {
    this.socket.destroy();
  }
}
