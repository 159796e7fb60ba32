// The work of Deckwatch at a tick, with npm's `ws`: one message, encoded once, is sent to every client.
//   node bench/ws_server.mjs INTERVAL_MS PAYLOAD_BYTES
import { WebSocketServer } from 'ws';

const [interval, length] = process.argv.slice(2).map(Number);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 1024 });
server.on('listening', () => console.error(`http://127.0.0.1:${server.address().port}`));

let seq = 0n;
setInterval(() => {
  const message = Buffer.alloc(length, 'x');
  message.writeBigUInt64BE(seq);
  seq += 1n;
  for (const client of server.clients) client.send(message);
}, interval);
