// Turns with Cartesia's Node client: speech in, turn events out, one JSON line each. Arguments: HOST:PORT WAV
'use strict';
const fs = require('node:fs');
const Cartesia = require('@cartesia/cartesia-js').default;

const [host, wav] = process.argv.slice(2);
const client = new Cartesia({ apiKey: 'test-key', baseURL: `http://${host}` });

async function main() {
  const recording = fs.readFileSync(wav).subarray(44);
  const socket = await client.stt.autoFinalize.websocket({ model: 'ink-2', encoding: 'pcm_s16le', sample_rate: 16000 });
  const audio = Buffer.concat([recording, Buffer.alloc(2 * 16000)]);
  for (let at = 0; at < audio.length; at += 3200) socket.sendRaw(audio.subarray(at, at + 3200));
  socket.send({ type: 'close' });
  for await (const event of socket.stream()) {
    if (event.type === 'message') console.log(JSON.stringify(event.message));
    else if (event.type === 'error') console.log(JSON.stringify({ type: 'client-error', error: String(event.error) }));
    else if (event.type === 'close') console.log(JSON.stringify({ type: 'closed', code: event.code }));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
