// A voice agent with Deepgram's Node client, fed like a microphone. Arguments: HOST:PORT WAV REPLIES
'use strict';
const fs = require('node:fs');
const { DeepgramClient } = require('@deepgram/sdk');

const [host, wav, replies] = process.argv.slice(2);
const ws = `ws://${host}`;
const http = `http://${host}`;
const client = new DeepgramClient({ apiKey: 'test-key', environment: { base: http, production: ws, agent: ws, agentRest: http } });

async function main() {
  const recording = fs.readFileSync(wav).subarray(44);
  const agent = await client.agent.v1.connect();
  let done = 0;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  agent.on('message', (message) => {
    const binary = typeof message !== 'object' || !message.type; // a Blob has an empty type
    const line = binary ? { type: 'audio', bytes: message.byteLength ?? message.size ?? message.length } : message;
    console.log(JSON.stringify(line));
    if (line.type === 'AgentAudioDone' && ++done >= Number(replies)) finish();
  });
  agent.on('error', (error) => console.log(JSON.stringify({ type: 'client-error', error: String(error) })));
  agent.on('close', () => finish());
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
      think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'You take coffee orders.' },
      speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
      greeting: 'Hello! What can I get you?',
    },
  });
  let at = 0;
  const clock = setInterval(() => {
    const frame = Buffer.alloc(1280);
    if (at < recording.length) recording.copy(frame, 0, at, at + 1280);
    at += 1280;
    agent.sendMedia(frame);
  }, 40);
  const limit = setTimeout(finish, 150000);
  await finished;
  clearInterval(clock);
  clearTimeout(limit);
  agent.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
