// Transcription with turns: the microphone as float frames on one socket, turn events back.
import { accessToken, forgetToken, socketAddress } from './access.js';
import { Microphone, explain, openContext, peakOf, showLevel } from './sound.js';

const VERSION = '2026-03-01';
const MAX_EARLY = 300; // blocks said before the socket is open: 30 s
const MAX_UNSENT = 8 << 20; // bytes a stalled connection may pile up: 40 s of 48 kHz floats
const CLOSE = JSON.stringify({ type: 'close' });
const CLOSE_MS = 30000; // after `close`, and after each event behind it: a busy server may have seconds of sound left to make out
const SETTINGS = ['turn_start_threshold', 'turn_eager_end_threshold', 'turn_end_threshold', 'turn_end_timeout_ms'];
const SAID = { 'turn.start': 'begins', 'turn.eager_end': 'may be over', 'turn.resume': 'goes on', 'turn.end': 'is over' };
const KIND = { 'turn.eager_end': 'eager', 'turn.resume': 'resume', 'turn.end': 'end' };

const find = (id) => document.getElementById(id);

export class Transcription {
  constructor(trouble) {
    this.trouble = trouble;
    this.button = find('listen');
    this.button.onclick = () => (this.socket ? this.finish() : this.start());
  }

  async start() {
    this.trouble('');
    this.clear();
    this.button.disabled = true;
    try {
      this.context = await openContext();
      this.say('Asking the server for access');
      const token = await accessToken('stt');
      this.say('Asking for the microphone');
      this.unsent = [];
      this.microphone = await Microphone.open(this.context, (block) => this.send(block));
      this.open(token);
      this.button.textContent = 'Finish';
      this.button.classList.add('on');
    } catch (error) {
      this.trouble(explain(error));
      this.say('Not listening');
      this.stop();
    }
    this.button.disabled = false;
  }

  open(token) {
    const settings = Object.fromEntries(SETTINGS.filter((name) => find(name).value).map((name) => [name, find(name).value]));
    const format = { model: 'ink-2', encoding: 'pcm_f32le', sample_rate: this.context.sampleRate };
    const address = socketAddress('stt/turns/websocket', { ...format, ...settings, cartesia_version: VERSION, access_token: token });
    for (const term of find('keyterms').value.split(',')) if (term.trim()) address.searchParams.append('keyterm', term.trim());
    this.began = performance.now();
    this.socket = new WebSocket(address);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = (event) => this.closed(event);
  }

  opened() {
    this.connected = true;
    for (const block of this.unsent) this.socket.send(block);
    this.unsent = [];
    if (this.finishing) this.socket.send(CLOSE);
    else this.say('Listening. Speak; “Finish” ends what you are saying.');
  }

  send(block) {
    showLevel(find('turns-level'), peakOf(block));
    if (!this.connected) {
      if (this.unsent.length < MAX_EARLY) this.unsent.push(block); // said before the socket was open, and not lost
    } else if (this.socket?.readyState === WebSocket.OPEN && this.socket.bufferedAmount < MAX_UNSENT) this.socket.send(block);
  }

  // A graceful end: the rest of the microphone, then `close`; the server finalises what was said and closes.
  async finish() {
    this.button.disabled = true;
    this.say('Finishing: the last words are being made out');
    const rest = await this.microphone.finish();
    if (!this.socket) return; // lost meanwhile, and told
    this.send(rest);
    showLevel(find('turns-level'), 0);
    this.finishing = true; // where the socket is not open yet, `close` follows what was said
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(CLOSE);
    this.wait();
  }

  wait() {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.socket?.close(), CLOSE_MS);
  }

  take(event) {
    if (this.finishing) this.wait();
    if (event.type === 'error') return this.trouble(event.message ?? event.error ?? 'The server reports an error.');
    if (event.type === 'turn.start') this.turn = this.newTurn();
    if (!this.turn || !(event.type in SAID || event.type === 'turn.update')) return;
    if (event.transcript !== undefined) this.turn.text.textContent = event.transcript;
    if (event.type in SAID) this.mark(event);
  }

  mark(event) {
    const { item, text, chips } = this.turn;
    const chip = document.createElement('span');
    chip.className = `chip ${KIND[event.type] ?? ''}`;
    chip.textContent = `${SAID[event.type]} ${((performance.now() - this.began) / 1000).toFixed(1)} s`;
    chips.append(chip);
    item.className = `turn ${event.type === 'turn.eager_end' ? 'eager' : event.type === 'turn.end' ? 'done' : ''}`;
    if (event.type !== 'turn.end') return;
    this.whole += event.transcript;
    find('turns-text').textContent = this.whole.trim();
    find('turns-whole').hidden = !this.whole.trim();
    if (!event.transcript.trim()) [text.textContent, text.className] = ['nothing said', 'none'];
    this.turn = null;
  }

  newTurn() {
    const item = document.createElement('li');
    const text = document.createElement('p');
    const chips = document.createElement('div');
    item.className = 'turn';
    chips.className = 'chips';
    item.append(text, chips);
    find('turns-log').append(item);
    item.scrollIntoView({ block: 'nearest' });
    return { item, text, chips };
  }

  closed(event) {
    const turns = find('turns-log').children.length;
    if (event.code === 1000 && this.connected) this.say(`Finished: ${turns === 1 ? '1 turn' : `${turns} turns`}.`);
    else {
      this.say('Not listening');
      if (!this.connected) forgetToken();
      this.trouble(this.connected ? `The server closed the connection: ${event.code} ${event.reason}` : 'The server did not take the connection: it is full, or access has ended. Try again.');
    }
    this.stop();
  }

  stop() {
    clearTimeout(this.patience);
    this.microphone?.close();
    this.context?.close();
    this.socket = this.microphone = this.context = null;
    this.connected = this.finishing = false;
    showLevel(find('turns-level'), 0);
    this.button.textContent = 'Start listening';
    this.button.classList.remove('on');
    this.button.disabled = false;
  }

  clear() {
    find('turns-log').replaceChildren();
    find('turns-whole').hidden = true;
    this.turn = null;
    this.whole = '';
  }

  say(text) {
    find('turns-state').textContent = text;
  }
}
