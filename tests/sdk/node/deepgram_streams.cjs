// Deepgram's Node client on the listening and speaking sockets and requests. Arguments: HOST:PORT WAV. Prints one JSON line a scenario.
'use strict';
const fs = require('node:fs');
const { DeepgramClient } = require('@deepgram/sdk');

const [host, wav] = process.argv.slice(2);
const ws = `ws://${host}`;
const http = `http://${host}`;
const client = new DeepgramClient({ apiKey: 'test-key', environment: { base: http, production: ws, agent: ws, agentRest: http } });
const recording = fs.readFileSync(wav);
const audio = Buffer.concat([recording.subarray(44), Buffer.alloc(64000)]);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function converse(scenario, socket, act) {
  const lines = [];
  let bytes = 0;
  let left;
  const closed = new Promise((resolve) => (left = resolve));
  socket.on('message', (message) => {
    if (typeof message === 'object' && message.type) lines.push(message);
    else bytes += message.byteLength ?? message.size ?? message.length;
  });
  socket.on('error', (error) => lines.push({ type: 'client-error', error: String(error) }));
  socket.on('close', (event) => left(event.code));
  socket.connect();
  await socket.waitForOpen();
  await act(socket);
  const code = await closed;
  console.log(JSON.stringify({ scenario, lines, bytes, code }));
}

async function push(socket) {
  for (let at = 0; at < audio.length; at += 3200) {
    socket.sendMedia(audio.subarray(at, at + 3200));
    await pause(25);
  }
}

async function main() {
  const raw = { encoding: 'linear16', sample_rate: 16000 };
  await converse('live', await client.listen.v1.connect({ model: 'nova-3', ...raw, interim_results: 'true', endpointing: 300 }), async (socket) => {
    await push(socket);
    socket.sendFinalize({ type: 'Finalize' });
    socket.sendCloseStream({ type: 'CloseStream' });
  });
  await converse('flux', await client.listen.v2.connect({ model: 'flux-general-en', ...raw, eager_eot_threshold: 0.5 }), async (socket) => {
    await push(socket);
    socket.sendCloseStream({ type: 'CloseStream' });
  });
  await converse('speech', await client.speak.v1.connect({ model: 'aura-2-thalia-en', ...raw }), async (socket) => {
    socket.sendText({ type: 'Speak', text: 'Your coffee is ready now.' });
    socket.sendFlush({ type: 'Flush' });
    socket.sendClose({ type: 'Close' });
  });
  const heard = await client.listen.v1.media.transcribeFile(recording, { model: 'nova-3' });
  console.log(JSON.stringify({ scenario: 'recording', transcript: heard.results.channels[0].alternatives[0].transcript }));
  const said = await client.speak.v1.audio.generate({ text: 'Hello.' });
  console.log(JSON.stringify({ scenario: 'file', bytes: (await said.arrayBuffer()).byteLength }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
