// A page has one origin, and stays with it when its server dies. The switchboard is that origin: it connects
// each caller with a server that lives, as a load balancer would, and can break lines on purpose.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Switchboard {
  readonly #server: Server;
  readonly #lines = new Set<Socket>();
  #open = true;
  #mute = false;
  #port = 0;

  private constructor(private targets: readonly number[]) {
    this.#server = createServer((caller) => void this.#connect(caller));
  }

  /** In front of the servers on these ports. The first that takes a call gets it. */
  static async before(...targets: readonly number[]): Promise<Switchboard> {
    const switchboard = new Switchboard(targets);
    switchboard.#server.listen(0, '127.0.0.1');
    await once(switchboard.#server, 'listening');
    const address = switchboard.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
    switchboard.#port = address.port;
    return switchboard;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** For new calls from now on. */
  use(...targets: readonly number[]): void {
    this.targets = targets;
  }

  /** Breaks every line and takes no call until `restore`. */
  cut(): void {
    this.#open = false;
    for (const line of this.#lines) line.destroy();
  }

  restore(): void {
    this.#open = true;
    this.#mute = false;
  }

  /** What callers say arrives; what servers say does not, until `restore` after a `cut`. */
  muteServers(): void {
    this.#mute = true;
  }

  async end(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #connect(caller: Socket): Promise<void> {
    this.#keep(caller);
    if (!this.#open) {
      caller.destroy();
      return;
    }
    for (const port of this.targets) {
      const server = connect(port, '127.0.0.1');
      this.#keep(server);
      if (!(await isConnected(server))) continue;
      server.on('data', (data) => {
        if (!this.#mute) caller.write(data);
      });
      server.on('close', () => caller.destroy());
      caller.on('close', () => server.destroy());
      caller.pipe(server);
      if (caller.destroyed) server.destroy();
      return;
    }
    caller.destroy();
  }

  #keep(socket: Socket): void {
    this.#lines.add(socket);
    // An error is followed by a close, and a broken line is nothing unusual here.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lines.delete(socket));
  }
}

function isConnected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.once('close', () => {
      resolve(false);
    });
  });
}
