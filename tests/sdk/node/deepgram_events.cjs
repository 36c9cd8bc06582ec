// A call through Deepgram's Node client of 2025, 3.12 (early access) to 4.x, fed like a microphone. Arguments: HOST:PORT WAV
// The caller speaks, the agent calls a function, the caller speaks again into the reply, the call ends.
'use strict';
const fs = require('node:fs');
const { createClient, AgentEvents } = require('@deepgram/sdk');

const [host, wav] = process.argv.slice(2);
const early = 'InstructionsUpdated' in AgentEvents;
const client = createClient('test-key', { agent: { websocket: { options: { url: `ws://${host}` } } } });
const takeOrder = {
  name: 'take_order',
  description: 'Takes an order',
  parameters: { type: 'object', properties: { drink: { type: 'string' } }, required: ['drink'] },
};
const settings = {
  audio: { input: { encoding: 'linear16', sample_rate: 16000 }, output: { encoding: 'linear16', sample_rate: 16000, container: 'none' } },
  agent: {
    listen: { provider: { type: 'deepgram', model: 'nova-3' } },
    think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: 'You take coffee orders.', functions: [takeOrder] },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
  },
};
const earlySettings = {
  audio: { input: { encoding: 'linear16', sampleRate: 16000 }, output: { encoding: 'linear16', sampleRate: 16000, container: 'none' } },
  agent: {
    listen: { model: 'nova-2' },
    think: { provider: { type: 'open_ai' }, model: 'gpt-4o-mini', instructions: 'You take coffee orders.', functions: [takeOrder] },
    speak: { model: 'aura-asteria-en' },
  },
  context: { messages: [], replay: false },
};
const print = (line) => console.log(JSON.stringify(line));

function main() {
  const recording = fs.readFileSync(wav).subarray(44);
  const agent = client.agent();
  let [sound, at, asked, again, done] = [recording, 0, false, 0, 0];
  let clock;
  const finish = () => {
    clearInterval(clock);
    clearTimeout(limit);
    const socket = agent.conn;
    agent.disconnect(); // which takes the client's own Close event away
    socket.onclose = (event) => print({ type: 'client-closed', told: event.wasClean });
  };
  const limit = setTimeout(finish, 150000);
  const told = (name) => (message) => {
    const line = name === 'Audio' ? { type: 'audio', bytes: message.length } : { ...message, event: name };
    print(line);
    if (line.type === 'audio' && asked && !again) again = Date.now() + 1000;
    if (line.type === 'FunctionCallRequest') {
      asked = true;
      const output = '{"ok": true}';
      const call = early ? line : line.functions[0];
      agent.send(JSON.stringify(early
        ? { type: 'FunctionCallResponse', function_call_id: call.function_call_id, output }
        : { type: 'FunctionCallResponse', id: call.id, name: call.name, content: output }));
    }
    if (line.type === 'AgentAudioDone' && ++done === 2) finish();
  };
  const ours = new Set(['Open', 'Close', 'Error']);
  for (const name of Object.values(AgentEvents)) if (!ours.has(name)) agent.on(name, told(name));
  agent.on('Error', (error) => print({ type: 'client-error', error: String(error.message ?? error) }));
  agent.on('Close', (event) => print({ type: 'client-closed', told: false, code: event.code }));
  agent.on('Open', () => {
    agent.configure(early ? earlySettings : settings);
    clock = setInterval(() => {
      if (again && Date.now() > again) [sound, at, again] = [recording, 32000, Infinity];
      const frame = Buffer.alloc(1280);
      if (at < sound.length) sound.copy(frame, 0, at, at + 1280);
      at += 1280;
      agent.send(frame);
    }, 40);
  });
}

main();
