// Rooms as Socket.IO's documentation makes them: server.js PORT ADAPTER REDIS_URL, where ADAPTER is streams or pubsub.
import { createAdapter as pubSubAdapter } from '@socket.io/redis-adapter';
import { createAdapter as streamsAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, kind, url] = process.argv.slice(2);

const redis = createClient({ url });
await redis.connect();

async function adapter() {
  if (kind === 'streams') return streamsAdapter(redis);
  const subscriber = redis.duplicate();
  await subscriber.connect();
  return pubSubAdapter(redis, subscriber);
}

const io = new Server(Number(port), {
  adapter: await adapter(),
  transports: ['websocket'],
  serveClient: false,
});

io.on('connection', (socket) => {
  socket.on('join', (/** @type {string} */ room, /** @type {() => void} */ joined) => {
    void socket.join(room);
    joined();
  });
  socket.on('say', (/** @type {string} */ room, /** @type {string} */ text) => {
    io.to(room).emit('said', text);
  });
});
