// Text to speech with Cartesia's Node client, which always uses TLS. Arguments: HOST:PORT (of the TLS port)
'use strict';
const Cartesia = require('@cartesia/cartesia-js').default;

const [host] = process.argv.slice(2);
const client = new Cartesia({ apiKey: 'test-key', baseURL: `https://${host}` });
const context = {
  model_id: 'sonic-3.5',
  voice: { mode: 'id', id: 'demo' },
  output_format: { container: 'raw', encoding: 'pcm_s16le', sample_rate: 16000 },
};

async function gather(ctx) {
  const facts = { bytes: 0, done: 0, words: [], flushes: [], errors: 0 };
  for await (const answer of ctx.receive()) {
    if (answer.type === 'chunk') facts.bytes += Buffer.from(answer.audio ?? Buffer.from(answer.data, 'base64')).length;
    else if (answer.type === 'timestamps') facts.words.push(...answer.word_timestamps.words);
    else if (answer.type === 'flush_done') facts.flushes.push(answer.flush_id);
    else if (answer.type === 'done') facts.done += 1;
    else if (answer.type === 'error') facts.errors += 1;
  }
  return facts;
}

async function main() {
  const socket = await client.tts.websocket({ rejectUnauthorized: false });
  socket.on('error', (error) => console.log(JSON.stringify({ scenario: 'client-error', error: String(error) })));

  const one = socket.context({ ...context, add_timestamps: true });
  for (const piece of ['One ', 'two ', 'three, ', 'and good bye.']) await one.push({ transcript: piece });
  await one.no_more_inputs();
  console.log(JSON.stringify({ scenario: 'continuation', ...(await gather(one)) }));

  const two = socket.context(context);
  await two.push({ transcript: 'The first segment.', flush: true });
  await two.push({ transcript: 'The second segment.' });
  await two.flush();
  await two.no_more_inputs();
  console.log(JSON.stringify({ scenario: 'flush', ...(await gather(two)) }));

  const cancelled = socket.context(context);
  await cancelled.push({ transcript: 'Nobody wants to hear this to its end. '.repeat(40), flush: true });
  await cancelled.cancel();
  const after = socket.context(context);
  await after.push({ transcript: 'After the cancel.' });
  await after.no_more_inputs();
  console.log(JSON.stringify({ scenario: 'cancel', ...(await gather(after)) }));
  socket.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
