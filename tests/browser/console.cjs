// Drives the console in a headless Chromium whose microphone is a recording.
// Arguments: CHROMIUM BASE-URL WAV ORDER-JSON. Prints one JSON object: what was seen, sent and received.
'use strict';
const { chromium } = require('playwright-core');
const { ear } = require('./ear.cjs');

const [binary, base, wav, given] = process.argv.slice(2);
const order = JSON.parse(given);
const LIMIT = 100000;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-audio-capture=${wav}%noloop`,
  '--autoplay-policy=no-user-gesture-required',
];

async function main() {
  const browser = await chromium.launch({ executablePath: binary, args: FLAGS, chromiumSandbox: false, timeout: LIMIT });
  const seen = { requests: [], sent: [], received: [], errors: [], closes: [] };
  const spoken = []; // the binary frames
  try {
    const context = await browser.newContext({ colorScheme: order.dark ? 'dark' : 'light', viewport: order.viewport ?? null });
    context.setDefaultTimeout(LIMIT);
    const page = await context.newPage();
    await page.addInitScript(ear);
    watch(page, seen, spoken);
    await page.goto(`${base}${order.path ?? '/'}`);
    if (order.picture) await page.screenshot({ path: `${order.picture}-first.png` });
    await (order.what === 'turns' ? turns(page, seen, spoken) : order.what === 'agent' ? agent(page, seen) : key(page, seen));
    if (order.picture) await page.screenshot({ path: `${order.picture}.png` });
    seen.address = page.url();
    seen.source = await page.content();
    seen.storage = await page.evaluate(async () => ({
      local: { ...localStorage },
      session: { ...sessionStorage },
      cookies: document.cookie,
      databases: (await indexedDB.databases()).map(({ name }) => name),
      fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value),
    }));
  } finally {
    await browser.close();
  }
  seen.microphone = Buffer.concat(spoken).toString('base64');
  console.log(JSON.stringify(seen));
}

function watch(page, seen, spoken) {
  page.on('request', (request) => seen.requests.push({ url: request.url(), method: request.method(), headers: request.headers() }));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && seen.errors.push(line.text()));
  page.on('websocket', (socket) => {
    seen.socket = socket.url();
    socket.on('framesent', ({ payload }) => keep(seen.sent, payload));
    socket.on('framesent', ({ payload }) => typeof payload === 'string' || spoken.push(payload));
    socket.on('framereceived', ({ payload }) => keep(seen.received, payload));
    socket.on('close', () => seen.closes.push(Date.now()));
  });
}

function keep(list, payload) {
  list.push(typeof payload === 'string' ? { at: Date.now(), text: payload } : { at: Date.now(), bytes: payload.length });
}

// The recording is heard, the page's own button finishes it, the server closes.
// When it is heard tells the sound that was sent, and no clock: a browser without processor time plays the recording late.
async function turns(page, seen, spoken) {
  await page.evaluate((terms) => (document.getElementById('keyterms').value = terms), order.keyterms ?? '');
  await page.click('#listen');
  await page.waitForSelector('#listen.on', { timeout: LIMIT });
  const until = Date.now() + LIMIT;
  while (secondsOf(seen.socket, spoken) < order.seconds && Date.now() < until) await page.waitForTimeout(20);
  if (order.picture) await page.screenshot({ path: `${order.picture}-during.png` });
  await page.click('#listen');
  await page.waitForFunction(() => document.getElementById('turns-state').textContent.startsWith('Finished'), null, { timeout: LIMIT });
  seen.state = await page.textContent('#turns-state');
  seen.turns = await page.$$eval('.turn', (items) =>
    items.map((item) => ({ text: item.querySelector('p').textContent, chips: [...item.querySelectorAll('.chip')].map((chip) => chip.textContent) })),
  );
  seen.asked = await page.evaluate(() => globalThis.ear.asked);
  seen.whole = await page.textContent('#turns-text');
}

function secondsOf(address, spoken) {
  const bytes = spoken.reduce((sum, frame) => sum + frame.length, 0);
  return bytes / 4 / Number(new URL(address).searchParams.get('sample_rate'));
}

// A call with a long greeting, into which the recording speaks; hung up after the answer.
async function agent(page, seen) {
  await page.click('#tab-agent');
  await page.evaluate((settings) => (document.getElementById('settings').value = JSON.stringify(settings)), order.settings);
  await page.click('#call');
  const counted = ({ count }) => document.querySelectorAll('#agent-log .caller').length >= count;
  await page.waitForFunction(counted, { count: 1 }, { timeout: LIMIT });
  await page.waitForFunction(() => [...document.querySelectorAll('#agent-log li')].pop().className === 'agent', null, { timeout: LIMIT });
  await page.waitForTimeout(1500); // of the answer
  if (order.picture) await page.screenshot({ path: `${order.picture}-during.png` });
  seen.captions = await page.$$eval('#agent-log li', (items) => items.map((item) => ({ who: item.className, text: item.textContent })));
  seen.ear = await page.evaluate(() => globalThis.ear);
  await page.click('#call');
  await page.waitForFunction(() => document.getElementById('agent-state').textContent === 'The call is over.', null, { timeout: LIMIT });
}

// A server that wants a key: a wrong one is told, the right one is given once, and then transcription works.
async function key(page, seen) {
  await page.click('#listen');
  await page.fill('#secret', order.wrong, { timeout: LIMIT });
  await page.click('#key button');
  await page.waitForFunction(() => document.getElementById('key-trouble').textContent, null, { timeout: LIMIT });
  seen.trouble = await page.textContent('#key-trouble');
  if (order.picture) await page.screenshot({ path: `${order.picture}-asks.png` });
  await page.fill('#secret', order.key);
  await page.click('#key button');
  await page.waitForSelector('#listen.on', { timeout: LIMIT });
  await page.click('#listen');
  await page.waitForFunction(() => document.getElementById('turns-state').textContent.startsWith('Finished'), null, { timeout: LIMIT });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
