// Cartesia's Node client as an ES module: it finds no `ws` package there, takes the platform's own WebSocket, and puts the key into the query.
// Turns with every setting, then push-to-talk, one JSON line each. Arguments: HOST:PORT WAV
import fs from 'node:fs';
import Cartesia from '@cartesia/cartesia-js';

const [host, wav] = process.argv.slice(2);
const client = new Cartesia({ apiKey: 'test-key', baseURL: `http://${host}` });
const audio = Buffer.concat([fs.readFileSync(wav).subarray(44), Buffer.alloc(2 * 16000)]);
const format = { model: 'ink-2', encoding: 'pcm_s16le', sample_rate: 16000, keyterm: ['large latte', 'Ink 2'] };

async function hear(socket, ...commands) {
  const kinds = [];
  let text = '';
  let closed;
  for (let at = 0; at < audio.length; at += 3200) socket.sendRaw(audio.subarray(at, at + 3200));
  for (const command of commands) socket.send(command);
  for await (const event of socket.stream()) {
    if (event.type === 'close') closed = event.code;
    if (event.type === 'error') kinds.push(String(event.error));
    if (event.type !== 'message') continue;
    kinds.push(event.message.type);
    if (event.message.type === 'turn.end') text += event.message.transcript;
    if (event.message.type === 'transcript' && event.message.is_final) text += event.message.text;
  }
  return { kinds, text, closed };
}

const settings = { turn_start_threshold: 0.8, turn_eager_end_threshold: 0.5, turn_end_threshold: 0.2, turn_end_timeout_ms: 5000 };
const turns = await client.stt.autoFinalize.websocket({ ...format, ...settings });
const config = { type: 'config', turn: { end_threshold: 0.3 } };
console.log(JSON.stringify({ socket: 'turns', native: typeof WebSocket, ...(await hear(turns, config, { type: 'close' })) }));
const manual = await client.stt.manualFinalize.websocket(format);
console.log(JSON.stringify({ socket: 'manual', ...(await hear(manual, 'finalize', 'close')) }));
