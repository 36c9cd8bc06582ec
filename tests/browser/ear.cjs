// Runs in the page before its own scripts: an ear at the loudspeaker, and the moments of messages, on one clock: that of the samples
// played. A busy machine holds up the page and the sound alike, and no moment of either is told by the time it was noticed at.
// Whatever is connected to an AudioContext's destination is also heard by a node of ours, which shares no code with the page.
'use strict';

exports.ear = () => {
  const heard = []; // [seconds, peak] of each block that reached the loudspeaker
  const told = []; // [seconds before the page took it, seconds after, type] of each message
  const asked = []; // what the page opened, in order: worklets once they are there, the microphone when it is asked for
  globalThis.ear = { heard, told, asked };
  let context;
  const now = () => context?.currentTime ?? 0;

  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      context = this.context;
      const tap = this.context.createScriptProcessor(256, 1, 1);
      tap.onaudioprocess = ({ inputBuffer, playbackTime }) => {
        const peak = inputBuffer.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        heard.push([playbackTime, peak]);
      };
      connect.call(this, tap);
      connect.call(tap, target);
    }
    return connect.call(this, target, ...rest);
  };

  const addModule = Worklet.prototype.addModule;
  Worklet.prototype.addModule = async function (address, ...rest) {
    await addModule.call(this, address, ...rest);
    asked.push(String(address).split('/').pop());
  };
  const devices = globalThis.MediaDevices?.prototype;
  if (devices) {
    const getUserMedia = devices.getUserMedia;
    devices.getUserMedia = function (...given) {
      asked.push('microphone');
      return getUserMedia.apply(this, given);
    };
  }

  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        const type = typeof data === 'string' ? JSON.parse(data).type : 'audio';
        const moment = [now(), Infinity, type];
        told.push(moment);
        setTimeout(() => (moment[1] = now())); // behind every other listener
      });
    }
  };
};
