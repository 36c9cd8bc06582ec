// A call through Deepgram's Node client of today, fed like a microphone. Arguments: HOST:PORT WAV
// The caller speaks, the agent calls a function, the caller speaks again into the reply, the call ends.
'use strict';
const fs = require('node:fs');
const { DeepgramClient } = require('@deepgram/sdk');

const [host, wav] = process.argv.slice(2);
const ws = `ws://${host}`;
const http = `http://${host}`;
const client = new DeepgramClient({ apiKey: 'test-key', environment: { base: http, production: ws, agent: ws, agentRest: http } });
const takeOrder = {
  name: 'take_order',
  description: 'Takes an order',
  parameters: { type: 'object', properties: { drink: { type: 'string' } }, required: ['drink'] },
};
const print = (line) => console.log(JSON.stringify(line));

async function main() {
  const recording = fs.readFileSync(wav).subarray(44);
  const agent = await client.agent.v1.connect();
  let [sound, at, asked, again, done, ended] = [recording, 0, false, 0, 0, false];
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  let close;
  const closed = new Promise((resolve) => (close = resolve));
  agent.on('message', (message) => {
    const binary = typeof message !== 'object' || !message.type; // a Blob has an empty type
    const line = binary ? { type: 'audio', bytes: message.byteLength ?? message.size ?? message.length } : { ...message, event: 'message' };
    print(line);
    if (binary && asked && !again) again = Date.now() + 1000;
    if (line.type === 'FunctionCallRequest') {
      asked = true;
      const [call] = line.functions;
      agent.sendFunctionCallResponse({ type: 'FunctionCallResponse', id: call.id, name: call.name, content: '{"ok": true}' });
    }
    if (line.type === 'AgentAudioDone' && ++done === 2) finish();
  });
  agent.on('error', (error) => print({ type: 'client-error', error: String(error) }));
  agent.on('close', (event) => {
    print({ type: 'client-closed', told: ended, code: event.code });
    finish();
    close();
  });
  agent.connect();
  await agent.waitForOpen();
  agent.sendSettings({
    type: 'Settings',
    audio: {
      input: { encoding: 'linear16', sample_rate: 16000 },
      output: { encoding: 'linear16', sample_rate: 16000, container: 'none' },
    },
    agent: {
      listen: { provider: { type: 'deepgram', version: 'v1', model: 'nova-3' } },
      think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'You take coffee orders.', functions: [takeOrder] },
      speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    },
  });
  const clock = setInterval(() => {
    if (again && Date.now() > again) [sound, at, again] = [recording, 32000, Infinity];
    const frame = Buffer.alloc(1280);
    if (at < sound.length) sound.copy(frame, 0, at, at + 1280);
    at += 1280;
    agent.sendMedia(frame);
  }, 40);
  const limit = setTimeout(finish, 150000);
  await finished;
  clearInterval(clock);
  clearTimeout(limit);
  ended = true;
  agent.close();
  await closed;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
