// Microphone and loudspeaker of this page. Both live in worklets, so that a busy page delays no sample.
const BLOCK_S = 0.1; // what the transcription socket recommends per message
const MAX_RATE = 48000; // the servers' limit

export async function openContext() {
  let context = new AudioContext({ latencyHint: 'interactive' });
  if (context.sampleRate > MAX_RATE) {
    await context.close();
    context = new AudioContext({ latencyHint: 'interactive', sampleRate: MAX_RATE });
  }
  await context.resume();
  return context;
}

export class Microphone {
  // `heard` gets Float32Array blocks at the context's rate, in order.
  static async open(context, heard, { playsToo = false, seconds = BLOCK_S } = {}) {
    if (!navigator.mediaDevices) throw new Error('Browsers open the microphone only to pages from localhost or over https.');
    const microphone = new Microphone();
    // A recogniser is served best by the plain signal; a page that plays sound needs its echo taken out.
    const audio = { channelCount: 1, echoCancellation: playsToo, noiseSuppression: playsToo, autoGainControl: playsToo };
    // Before the microphone: what it hears while the worklet is loading is lost, and the browser shows it as listening already.
    await context.audioWorklet.addModule(new URL('capture.js', import.meta.url));
    microphone.stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      microphone.connect(context, heard, Math.round(context.sampleRate * seconds));
    } catch (error) {
      for (const track of microphone.stream.getTracks()) track.stop(); // or the browser shows it as in use
      throw error;
    }
    return microphone;
  }

  connect(context, heard, length) {
    this.node = new AudioWorkletNode(context, 'capture', {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
      processorOptions: { length },
    });
    this.source = context.createMediaStreamSource(this.stream);
    this.node.port.onmessage = ({ data }) => {
      if (data.block) heard(data.block);
      else this.finished?.(data.rest);
    };
    this.source.connect(this.node);
  }

  // Stops recording. What was said until now and not yet given to `heard` is returned.
  async finish() {
    const rest = await new Promise((resolve) => {
      this.finished = resolve;
      this.node.port.postMessage('finish');
    });
    this.close();
    return rest;
  }

  close() {
    this.node.port.onmessage = null; // blocks that are on their way come too late
    this.source.disconnect();
    for (const track of this.stream.getTracks()) track.stop();
  }
}

export class Loudspeaker {
  static async open(context, { dropped, level }) {
    const loudspeaker = new Loudspeaker();
    await context.audioWorklet.addModule(new URL('playback.js', import.meta.url));
    loudspeaker.rate = context.sampleRate;
    loudspeaker.waiting = 0; // seconds, as far as is known here
    loudspeaker.node = new AudioWorkletNode(context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
    loudspeaker.node.port.onmessage = ({ data }) => {
      if ('dropped' in data) return dropped(data.dropped);
      loudspeaker.waiting = data.waiting;
      level(data.peak);
    };
    loudspeaker.node.connect(context.destination);
    return loudspeaker;
  }

  play(samples) {
    this.waiting += samples.length / this.rate;
    this.node.port.postMessage({ samples }, [samples.buffer]);
  }

  clear() {
    this.waiting = 0;
    this.node.port.postMessage({ clear: true });
  }

  close() {
    this.node.port.onmessage = null;
    this.node.disconnect();
  }
}

export function toInt16(samples) {
  const integers = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) integers[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  return integers;
}

export function toFloat(buffer) {
  const integers = new Int16Array(buffer, 0, buffer.byteLength >> 1);
  const samples = new Float32Array(integers.length);
  for (let i = 0; i < samples.length; i++) samples[i] = integers[i] / 32768;
  return samples;
}

export function peakOf(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

// The length of a meter follows the ear: 40 dB wide.
export function showLevel(element, peak) {
  element.style.transform = `scaleX(${Math.max(0, 1 + Math.log10(Math.max(peak, 1e-4)) / 2).toFixed(3)})`;
}

// What a person can do about a microphone that does not open.
export function explain(error) {
  if (error.name === 'NotAllowedError') return 'This page may not use the microphone. Allow it beside the address, then try again.';
  if (error.name === 'NotFoundError') return 'There is no microphone.';
  if (error.name === 'NotReadableError') return 'The microphone is in use by another program.';
  return error.message;
}
