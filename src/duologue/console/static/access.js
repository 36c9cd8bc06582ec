// How this page is allowed in: with an access token, never with a key.
//
// 1. `#access_token=…` in the address, put there by whoever made the token with a key. A fragment is sent to no server; it is taken out of
//    the address at once.
// 2. A server on this machine that nobody has made a key for gives a token to its own page.
// 3. Otherwise the person is asked for a key. It is used for one request and forgotten.
//
// Tokens are held in this module and nowhere else: no storage, no cookie.
const form = document.getElementById('key');
const field = document.getElementById('secret');
const problem = document.getElementById('key-trouble');
const FRESH_S = 300; // where a token costs nothing it need not live longer than a person takes to allow the microphone
const LONGEST_S = 3600;
const MARGIN_MS = 5000;

// Of the server, with whatever prefix stands before this page.
export const base = new URL(location.pathname.replace(/console\/?$/, ''), location.origin);

export function socketAddress(path, query = {}) {
  const url = new URL(path, base);
  url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

let held = fromAddress();

function fromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get('access_token');
  if (!token) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { token, until: Infinity };
}

// A token for `stt` or `agent`; throws an Error that says why there is none.
export async function accessToken(grant) {
  if (held && Date.now() < held.until) return held.token;
  held = null;
  const answer = await ask([grant], FRESH_S);
  if (answer.ok) return (await answer.json()).token;
  if (answer.status !== 401) throw await refusal(answer);
  return withKey();
}

// The server refused the token: the next one is asked for anew.
export function forgetToken() {
  held = null;
}

async function withKey() {
  form.hidden = false;
  problem.textContent = '';
  let answer;
  do {
    field.focus();
    answer = await ask(['stt', 'agent'], LONGEST_S, await typed());
    if (!answer.ok) problem.textContent = (await refusal(answer)).message;
  } while (!answer.ok);
  form.hidden = true;
  held = { token: (await answer.json()).token, until: Date.now() + LONGEST_S * 1000 - MARGIN_MS };
  return held.token;
}

function typed() {
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      const key = field.value.trim();
      field.value = '';
      resolve(key);
    };
  });
}

function ask(grants, lifetime, key) {
  return fetch(new URL('access-token', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { 'x-api-key': key } : {}) },
    body: JSON.stringify({ grants: Object.fromEntries(grants.map((grant) => [grant, true])), expires_in: lifetime }),
    credentials: 'omit',
    cache: 'no-store',
  });
}

async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  return new Error(body.message ?? `The server answered ${answer.status}.`);
}
