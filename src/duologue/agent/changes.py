"""Settings changed in a running session: when each takes effect, and its one acknowledgement."""

from __future__ import annotations

from dataclasses import replace

from duologue.agent.commands import ReopenListening, RetuneTurns
from duologue.agent.events import Change, ListenChanged, PromptChanged, SpeakChanged, ThinkChanged
from duologue.agent.notices import Setting, SettingChanged, Warned
from duologue.agent.settings import ListenSettings, ThinkSettings
from duologue.agent.talk import Talk


def apply(talk: Talk, change: Change) -> None:
    """Put a change into force: prompt, model and tools from the next request on, the voice from the next phrase, listening at once."""
    match change:
        case PromptChanged(prompt, append):
            think, limit = talk.settings.think, talk.settings.limits.prompt_characters
            choices = tuple(
                choice
                if choice.prompt is None
                else replace(choice, prompt=_added(choice.prompt, prompt, limit) if append else None)
                for choice in think.choices
            )
            new = _added(think.prompt, prompt, limit) if append else prompt
            _think(talk, replace(think, choices=choices, prompt=new))
            talk.tell(SettingChanged(Setting.PROMPT))
        case ThinkChanged(think):
            _think(talk, think)
            talk.known_troubles.clear()
            talk.tell(SettingChanged(Setting.THINK))
        case SpeakChanged(speak):
            talk.settings = replace(talk.settings, speak=speak)
            talk.tell(SettingChanged(Setting.SPEAK))
        case ListenChanged(listen):
            _listen(talk, listen)
            talk.tell(SettingChanged(Setting.LISTEN))


def _added(old: str, more: str, limit: int) -> str:
    """Nothing behind the limit is used: a client that keeps adding fills no memory."""
    if len(old) > limit:
        return old
    return f"{old}\n{more}" if old else more


def _think(talk: Talk, think: ThinkSettings) -> None:
    talk.settings = replace(talk.settings, think=think)
    warn_of_prompt(talk)


def warn_of_prompt(talk: Talk) -> None:
    """A prompt beyond the limit is used cut, and the client is told."""
    limit = talk.settings.limits.prompt_characters
    length = len(talk.settings.think.prompt)
    if length > limit:
        talk.tell(Warned("prompt_too_long", f"the prompt has {length} characters; only the first {limit} are used"))


def _listen(talk: Talk, listen: ListenSettings) -> None:
    old = talk.settings.listen
    talk.settings = replace(talk.settings, listen=listen)
    if (listen.model, listen.options) != (old.model, old.options):
        talk.expected = listen.options
        talk.out.append(ReopenListening(listen.model, listen.options))
    if listen.turns != old.turns:
        talk.out.append(RetuneTurns(listen.turns))
