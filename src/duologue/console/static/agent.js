// A call to the agent: microphone up, speech down, captions. What was not played yet is dropped the moment the caller speaks.
import { accessToken, forgetToken, socketAddress } from './access.js';
import { Loudspeaker, Microphone, explain, openContext, peakOf, showLevel, toFloat, toInt16 } from './sound.js';

const FRAME_S = 0.04;
const MAX_UNSENT = 2 << 20; // bytes a stalled connection may pile up: 20 s
const MAX_LINES = 500;
const TAIL_S = 0.35; // without barge-in: how long a room rings after the agent's last sound
const SETTINGS = {
  type: 'Settings',
  experimental: true,
  agent: {
    listen: { provider: { type: 'deepgram', version: 'v2', model: 'flux-general-en' } },
    think: { provider: { type: 'rules', model: 'coffee' } },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
    greeting: 'Hi, welcome to the coffee bar! What can I get for you?',
  },
};

const find = (id) => document.getElementById(id);

export class AgentCall {
  constructor(trouble) {
    this.trouble = trouble;
    this.button = find('call');
    this.button.onclick = () => (this.socket ? this.hangUp() : this.call());
    find('settings').value = JSON.stringify(SETTINGS, null, 2);
    find('type').onsubmit = (event) => {
      event.preventDefault();
      const content = find('line').value.trim();
      if (content) this.tell({ type: 'InjectUserMessage', content });
      find('line').value = '';
    };
  }

  async call() {
    this.trouble('');
    find('agent-log').replaceChildren();
    this.button.disabled = true;
    this.ready = this.replying = this.trailing = false;
    this.ringsUntil = 0;
    try {
      this.settings = JSON.parse(find('settings').value);
      this.context = await openContext();
      this.say('Asking the server for access');
      const token = await accessToken('agent');
      this.say('Asking for the microphone');
      this.loudspeaker = await Loudspeaker.open(this.context, {
        dropped: (seconds) => this.dropped(seconds),
        level: (peak) => showLevel(find('agent-speaks'), peak),
      });
      this.microphone = await Microphone.open(this.context, (block) => this.hear(block), { playsToo: true, seconds: FRAME_S });
      this.open(token);
      this.button.textContent = 'Hang up';
      this.button.classList.add('on');
    } catch (error) {
      this.trouble(error instanceof SyntaxError ? `The settings are not JSON: ${error.message}` : explain(error));
      this.say('No call');
      this.stop();
    }
    this.button.disabled = false;
  }

  open(token) {
    // In a subprotocol and not in the address, which servers write into logs.
    this.socket = new WebSocket(socketAddress('v1/agent/converse'), ['bearer', token]);
    this.socket.binaryType = 'arraybuffer';
    const audio = { encoding: 'linear16', sample_rate: this.context.sampleRate };
    this.socket.onopen = () => this.tell({ ...this.settings, audio: { input: audio, output: { ...audio, container: 'none' } } });
    this.socket.onmessage = ({ data }) => (typeof data === 'string' ? this.take(JSON.parse(data)) : this.play(data));
    this.socket.onclose = (event) => this.closed(event);
  }

  hear(block) {
    const deaf = !find('barge-in').checked && (this.loudspeaker.waiting > 0 || this.context.currentTime < this.ringsUntil);
    showLevel(find('agent-level'), peakOf(block));
    if (this.loudspeaker.waiting > 0) this.ringsUntil = this.context.currentTime + TAIL_S;
    if (deaf) block.fill(0); // silence and no gap: the agent's clock is the audio it gets
    if (this.ready && this.socket?.readyState === WebSocket.OPEN && this.socket.bufferedAmount < MAX_UNSENT) {
      this.socket.send(toInt16(block));
    }
  }

  play(data) {
    if (this.trailing) return; // of the reply that was cut, on its way when the caller began
    this.replying = true;
    this.loudspeaker.play(toFloat(data));
  }

  take(message) {
    switch (message.type) {
      case 'SettingsApplied':
        this.ready = true;
        find('type').hidden = false;
        return this.say('The agent hears you.');
      case 'UserStartedSpeaking':
        this.loudspeaker.clear();
        this.trailing = this.replying;
        return this.say('You are speaking.');
      case 'AgentAudioDone':
        this.trailing = this.replying = false;
        return;
      case 'AgentStartedSpeaking':
        this.trailing = false;
        return this.say(`The agent answers, ${message.total_latency.toFixed(2)} s after your last sound.`);
      case 'ConversationText':
        if (message.role === 'assistant') this.trailing = false;
        return this.line(message.role === 'assistant' ? 'agent' : 'caller', message.content);
      case 'AgentThinking':
        return this.say('The agent thinks.');
      case 'FunctionCallRequest':
        return this.answer(message.functions ?? []);
      case 'Warning':
      case 'Error':
        return this.trouble(message.description);
    }
  }

  // Nobody here can run a function: it gets its own arguments back, which is enough to see that it was called.
  answer(functions) {
    for (const { id, name, arguments: given, client_side } of functions) {
      this.line('remark', `function ${name}(${given})`);
      if (client_side) this.tell({ type: 'FunctionCallResponse', id, name, content: given });
    }
  }

  dropped(seconds) {
    if (seconds <= 0) return;
    const said = [...find('agent-log').querySelectorAll('.agent')].pop();
    said?.classList.add('cut');
    this.line('remark', `you talked over the agent: ${seconds.toFixed(1)} s of its speech dropped`);
  }

  line(who, text) {
    const log = find('agent-log');
    const item = document.createElement('li');
    item.className = who;
    item.textContent = text;
    log.append(item);
    if (log.children.length > MAX_LINES) log.firstElementChild.remove();
    item.scrollIntoView({ block: 'nearest' });
  }

  tell(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  hangUp() {
    this.socket.close(1000);
  }

  closed(event) {
    if (!this.ready && event.code !== 1000) {
      forgetToken();
      this.trouble(event.reason || 'The server did not take the call: it is full, or access has ended. Try again.');
    } else if (event.code !== 1000) this.trouble(`The server closed the call: ${event.code} ${event.reason}`);
    this.say('The call is over.');
    this.stop();
  }

  stop() {
    this.microphone?.close();
    this.loudspeaker?.close();
    this.context?.close();
    this.socket = this.microphone = this.loudspeaker = this.context = null;
    this.ready = false;
    find('type').hidden = true;
    showLevel(find('agent-level'), 0);
    showLevel(find('agent-speaks'), 0);
    this.button.textContent = 'Call';
    this.button.classList.remove('on');
    this.button.disabled = false;
  }

  say(text) {
    find('agent-state').textContent = text;
  }
}
