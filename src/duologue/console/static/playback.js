// The loudspeaker: a queue that is played in order, and dropped the moment it is told to.
const MAX_WAITING_S = 120; // of an agent that does not stop; what comes beyond is not played

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.at = 0; // in the first part of the queue
    this.waiting = 0;
    this.peak = 0;
    this.reported = 0;
    this.port.onmessage = ({ data }) => {
      if (data.clear) this.clear();
      else if (this.waiting < MAX_WAITING_S * sampleRate) {
        this.queue.push(data.samples);
        this.waiting += data.samples.length;
      }
    };
  }

  clear() {
    const dropped = this.waiting / sampleRate;
    this.queue = [];
    this.at = this.waiting = 0;
    this.port.postMessage({ dropped });
  }

  process(_, [[output]]) {
    for (let place = 0; place < output.length && this.queue.length; ) {
      const part = this.queue[0];
      const taken = Math.min(output.length - place, part.length - this.at);
      for (let i = 0; i < taken; i++) {
        const sample = part[this.at + i];
        output[place + i] = sample;
        this.peak = Math.max(this.peak, Math.abs(sample));
      }
      place += taken;
      this.at += taken;
      this.waiting -= taken;
      if (this.at === part.length) {
        this.queue.shift();
        this.at = 0;
      }
    }
    if (currentTime - this.reported >= 0.1) {
      this.port.postMessage({ waiting: this.waiting / sampleRate, peak: this.peak });
      this.reported = currentTime;
      this.peak = 0;
    }
    return true;
  }
}

registerProcessor('playback', Playback);
