"""espeak-ng by ctypes: a phrase in, its samples and the marks of its words and sounds out, in one call.

The library keeps its state in globals, so a process has one `EspeakLibrary` and one phrase in synthesis. It makes about a thousand
seconds of speech per second; a phrase is therefore made whole and then handed out in chunks. (Handing over piece by piece through a
thread was measured: twice the CPU, and no earlier first audio for a first phrase of four words, which takes about a millisecond.)

espeak-ng is licensed GPL-3.0-or-later. It is loaded here only, inside a worker process, behind the engine link.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_short, c_size_t, c_ubyte, c_uint, c_void_p
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from duologue.audio.formats import Pcm, Samples
from duologue.errors import EngineFailure

BUFFER_MS = 500
"""Audio per call back from the library: few calls into Python, little memory."""

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _AS_IPA, _DONT_EXIT = 1, 2, 0x8000
_UTF8 = 1
_END_OF_EVENTS, _WORD, _PHONEME = 0, 1, 7
_RATE, _PITCH, _RANGE = 1, 3, 4


class _EventId(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", POINTER(ctypes.c_char)),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("xx1", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """What the library is set to for a phrase."""

    identifier: str
    """Its own name of language and variant, such as `gmw/en-US+f3`."""
    rate: int = 175
    """Words per minute, 80..450."""
    pitch: int = 50
    """0..100."""
    pitch_range: int = 50
    """0 (monotone) .. 100."""


@dataclass(frozen=True, slots=True)
class WordMark:
    """A word begins at `sample`; its text begins at character `text_start` of the phrase."""

    sample: Samples
    text_start: int


@dataclass(frozen=True, slots=True)
class PhonemeMark:
    """A sound begins at `sample`, or silence does."""

    sample: Samples
    sounds: bool
    text: str = ""
    """The sound in the letters of the IPA."""


Mark: TypeAlias = WordMark | PhonemeMark


class EspeakLibrary:
    """The library, initialised once per process."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._declare()
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, BUFFER_MS, data, _PHONEME_EVENTS | _AS_IPA | _DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise EngineFailure("espeak", f"cannot be initialised with the data in {data.decode()}")
        self.version = str(self._library.espeak_Info(None).decode())
        self.languages = self._list_languages()
        self._callback = _Callback(self._received)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)
        self._set: EspeakVoice | None = None
        self._samples: list[bytes] = []
        self._marks: list[Mark] = []

    def speak(self, text: str, voice: EspeakVoice) -> tuple[Pcm, tuple[Mark, ...]]:
        """The phrase as samples, and its marks in order. Raises `EngineFailure` when the library refuses the voice or the text."""
        if voice != self._set:
            self._apply(voice)
        self._samples.clear()
        self._marks.clear()
        encoded = text.replace("\0", " ").encode(errors="replace") + b"\0"
        status = self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF8, None, None)
        if status != 0:
            raise EngineFailure("espeak", f"synthesis ended with status {status}", lost="the phrase being spoken")
        raw = np.frombuffer(b"".join(self._samples), np.int16)
        return raw.astype(np.float32) / np.float32(32_768), tuple(self._marks)

    def _apply(self, voice: EspeakVoice) -> None:
        self._set = None
        if self._library.espeak_SetVoiceByName(voice.identifier.encode()) != 0:
            raise EngineFailure("espeak", f"has no voice {voice.identifier!r}")
        for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._set = voice

    def _received(self, samples: ctypes._Pointer[c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count > 0:
            self._samples.append(ctypes.string_at(samples, count * 2))
        self._marks += _read_marks(events)
        return 0  # go on

    def _declare(self) -> None:
        library = self._library
        library.espeak_Initialize.argtypes = [c_int, c_int, c_char_p, c_int]
        library.espeak_Info.argtypes, library.espeak_Info.restype = [c_void_p], c_char_p
        library.espeak_ListVoices.argtypes = [c_void_p]
        library.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
        library.espeak_SetVoiceByName.argtypes = [c_char_p]
        library.espeak_SetParameter.argtypes = [c_int, c_int, c_int]
        library.espeak_Synth.argtypes = [c_char_p, c_size_t, c_uint, c_int, c_uint, c_uint, c_void_p, c_void_p]

    def _list_languages(self) -> dict[str, str]:
        """Language in lower case (`en-us`) to the library's identifier (`gmw/en-US`)."""
        voices = self._library.espeak_ListVoices(None)
        found: dict[str, str] = {}
        index = 0
        while voices[index]:
            voice = voices[index].contents
            # The list of languages is a priority byte, a name and a zero, again and again; the first is the voice's own.
            language = ctypes.string_at(ctypes.addressof(voice.languages.contents) + 1).decode().lower()
            found.setdefault(language, voice.identifier.decode())
            index += 1
        return found


def _read_marks(events: ctypes._Pointer[_Event]) -> list[Mark]:
    marks: list[Mark] = []
    index = 0
    while (event := events[index]).type != _END_OF_EVENTS:
        if event.type == _WORD:
            marks.append(WordMark(event.sample, event.text_position - 1))
        elif event.type == _PHONEME:
            sound = event.id.string.decode(errors="ignore")  # eight bytes: a longer one is cut
            marks.append(PhonemeMark(event.sample, bool(sound), sound))
        index += 1
    return marks
