// Two tabs: transcription, and a call to the agent.
import { AgentCall } from './agent.js';
import { Transcription } from './transcription.js';

const tabs = [...document.querySelectorAll('[role=tab]')];

function trouble(text) {
  const place = document.getElementById('trouble');
  place.textContent = text;
  place.hidden = !text;
}

function select(tab) {
  for (const each of tabs) {
    const selected = each === tab;
    each.setAttribute('aria-selected', String(selected));
    each.tabIndex = selected ? 0 : -1;
    document.getElementById(each.getAttribute('aria-controls')).hidden = !selected;
  }
}

for (const [place, tab] of tabs.entries()) {
  tab.onclick = () => select(tab);
  tab.onkeydown = ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    next.focus();
    select(next);
  };
}

new Transcription(trouble);
new AgentCall(trouble);
