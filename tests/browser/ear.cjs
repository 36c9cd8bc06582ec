// Runs in the page before its own scripts: an ear at the loudspeaker, and the moments of messages, on one clock.
// Whatever is connected to an AudioContext's destination is also heard by a node of ours, which shares no code with the page.
'use strict';

exports.ear = () => {
  const heard = []; // [milliseconds, peak] of each block that reached the loudspeaker
  const told = []; // [milliseconds, type] of each message
  globalThis.ear = { heard, told };

  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const tap = this.context.createScriptProcessor(256, 1, 1);
      tap.onaudioprocess = ({ inputBuffer }) => {
        const peak = inputBuffer.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        heard.push([performance.now(), peak]);
      };
      connect.call(this, tap);
      connect.call(tap, target);
    }
    return connect.call(this, target, ...rest);
  };

  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        const type = typeof data === 'string' ? JSON.parse(data).type : 'audio';
        told.push([performance.now(), type]);
      });
    }
  };
};
