// The browser as the connection's environment.

import { SUBPROTOCOL, WEBSOCKET_PATH } from '../protocol/generated';
import type { Environment, Socket, SocketEvents } from './environment';

export const browserEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
  connect(events) {
    return connectWebSocket(socketAddress(location.href), events);
  },
};

/** `ws` for a page over `http`, `wss` for one over `https`; always the server that the page came from. */
export function socketAddress(page: string): string {
  const address = new URL(WEBSOCKET_PATH, page);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

function connectWebSocket(address: string, events: SocketEvents): Socket {
  const socket = new WebSocket(address, SUBPROTOCOL);
  socket.addEventListener('open', () => {
    events.opened();
  });
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') events.received(data);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    events.closed(code, reason);
  });
  return {
    send(text) {
      // What is said while the socket closes is lost; `closed` follows, and with it all is sent again.
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close(code) {
      socket.close(code);
    },
  };
}
