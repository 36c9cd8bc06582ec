// Cartesia's HTTP interface and manual finalisation with its Node client, one JSON line per subject. Arguments: HOST:PORT WAV
'use strict';
const fs = require('node:fs');
const Cartesia = require('@cartesia/cartesia-js').default;

const [host, wav] = process.argv.slice(2);
const base = { baseURL: `http://${host}` };
const client = new Cartesia({ apiKey: 'test-key', ...base });
const speech = {
  model_id: 'sonic-3.5',
  transcript: 'Hello there. One, two, three.',
  voice: { mode: 'id', id: 'a0e99841-438c-4a64-b679-ae501e7d6091' },
};
const raw = { container: 'raw', encoding: 'pcm_s16le', sample_rate: 16000 };
const formats = {
  raw,
  wav: { container: 'wav', encoding: 'pcm_f32le', sample_rate: 44100 },
  mp3: { container: 'mp3', sample_rate: 44100, bit_rate: 128000 },
};

function tell(subject, facts) {
  console.log(JSON.stringify({ subject, ...facts }));
}

async function collected(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

async function refusal(subject, call) {
  try {
    await call();
    tell(subject, { kind: 'done' });
  } catch (error) {
    tell(subject, { kind: error.constructor.name, status: error.status, code: error.error?.error_code, title: error.error?.title });
  }
}

async function pushToTalk() {
  const recording = fs.readFileSync(wav).subarray(44);
  const socket = await client.stt.manualFinalize.websocket({ model: 'ink-2', encoding: 'pcm_s16le', sample_rate: 16000 });
  for (let at = 0; at < recording.length; at += 3200) socket.sendRaw(recording.subarray(at, at + 3200));
  socket.send('finalize');
  socket.send('close');
  const [kinds, texts] = [[], []];
  for await (const event of socket.stream()) {
    if (event.type === 'close') tell('manual', { kinds, text: texts.join(''), code: event.code });
    else if (event.type === 'message' && event.message.is_final !== false) {
      kinds.push(event.message.type);
      if (event.message.type === 'transcript') texts.push(event.message.text);
    }
  }
}

async function dictionaries() {
  const words = client.pronunciationDicts;
  const made = await words.create({ name: 'mine', items: [{ text: 'nginx', alias: 'engine x' }] });
  const changed = await words.update(made.id, { items: [{ text: 'SQL', alias: 'sequel' }] });
  const found = await words.retrieve(made.id);
  const listed = (await collected(words.list())).map((each) => each.id);
  const spoken = await client.tts.generate({ ...speech, output_format: raw, pronunciation_dict_id: made.id });
  const bytes = Buffer.from(await spoken.arrayBuffer()).length;
  await words.delete(made.id);
  await refusal('forgotten dictionary', () => words.retrieve(made.id));
  tell('dictionaries', { name: found.name, items: changed.items.length, alias: found.items[0].alias, there: listed.includes(made.id), bytes });
}

async function main() {
  tell('status', { ok: (await client.getStatus()).ok });
  const voices = await collected(client.voices.list({ limit: 3 }));
  tell('voices', { ids: voices.map((voice) => voice.id) });
  tell('voice', { name: (await client.voices.get(voices[0].id)).name });
  tell('accents', { ids: (await client.voices.listAccents()).accents.map((accent) => accent.id) });
  await dictionaries();
  for (const [name, output_format] of Object.entries(formats)) {
    const made = await client.tts.generate({ ...speech, output_format });
    const audio = Buffer.from(await made.arrayBuffer());
    tell(name, { bytes: audio.length, begins: audio.subarray(0, 4).toString('hex') });
  }
  const events = await collected(await client.tts.generateSSE({ ...speech, output_format: raw, add_timestamps: true }));
  const words = events.filter((event) => event.type === 'timestamps').flatMap((event) => event.word_timestamps.words);
  tell('sse', { kinds: [...new Set(events.map((event) => event.type))].sort(), last: events.at(-1).type, words });
  const heard = await client.stt.transcribe({ file: fs.createReadStream(wav), model: 'ink-whisper', timestamp_granularities: ['word'] });
  tell('batch', { text: heard.text, words: heard.words.map((word) => word.word) });
  await pushToTalk();
  await refusal('wrong model', () => client.tts.generate({ ...speech, model_id: 'gpt-4', output_format: raw }));
  await refusal('no text', () => client.tts.generate({ ...speech, transcript: '', output_format: raw }));
  await refusal('unknown voice', () => client.voices.get('nobody'));
  await refusal('clone', () => client.voices.clone({ clip: fs.createReadStream(wav), name: 'me', language: 'en' }));
  await refusal('change', () => client.voices.update(voices[0].id, { name: 'mine' }));
  await refusal('delete', () => client.voices.delete(voices[0].id));
  const { token } = await client.accessToken.create({ grants: { tts: true }, expires_in: 60 });
  const speaker = new Cartesia({ token, ...base });
  await refusal('token', () => speaker.tts.generate({ ...speech, output_format: raw }));
  await refusal('token without the grant', () => speaker.voices.get(voices[0].id));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
