// The microphone as float frames: blocks of equal length, and on demand the rest of the last one.
// What the audio thread sees of a muted or unplugged microphone is silence, because a gap would stop the server's clock.
class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { length } }) {
    super();
    this.length = length;
    this.block = new Float32Array(length);
    this.filled = 0;
    this.over = false;
    this.port.onmessage = () => {
      this.over = true;
      this.port.postMessage({ rest: this.block.slice(0, this.filled) });
    };
  }

  process([input]) {
    if (this.over) return false;
    const samples = input[0] ?? new Float32Array(128);
    let at = 0;
    while (at < samples.length) {
      const taken = Math.min(samples.length - at, this.length - this.filled);
      this.block.set(samples.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
      if (this.filled === this.length) {
        this.port.postMessage({ block: this.block }, [this.block.buffer]);
        this.block = new Float32Array(this.length);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('capture', Capture);
