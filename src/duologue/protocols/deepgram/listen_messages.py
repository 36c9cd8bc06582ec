"""Messages of `/v1/listen`, live and of recordings (Deepgram docs: Live audio, Pre-recorded audio; D§7.3, D§7.7)."""

from __future__ import annotations

from duologue.protocols.codec import Message

TRANSACTION_KEY = "deprecated"
"""What the vendor says there."""
MODEL_UUID = "2b0d1a3e-6c57-4f0e-9d52-8f7f3a4c1e60"
"""Of whatever hears here: the clients' types want one, and there is one recogniser."""


class ListenWord(Message, omit_defaults=True):
    """A word and where it sounds, in seconds from the beginning of the audio."""

    word: str
    """In lower case, without signs."""
    start: float
    end: float
    confidence: float
    punctuated_word: str | None = None


class Sentence(Message):
    """A sentence of a paragraph; times in seconds."""

    text: str
    start: float
    end: float


class Paragraph(Message):
    """What was said between two long pauses."""

    sentences: list[Sentence]
    num_words: int
    start: float
    end: float


class Paragraphs(Message):
    """A recording to be read."""

    transcript: str
    """Begins with a line's end, as the vendor's; an empty line between paragraphs."""
    paragraphs: list[Paragraph]


class Alternative(Message, omit_defaults=True):
    """What was said; there is never a second one."""

    transcript: str
    confidence: float
    words: list[ListenWord]
    languages: list[str] | None = None
    paragraphs: Paragraphs | None = None


class ListenChannelBody(Message, omit_defaults=True):
    """One channel of audio."""

    alternatives: list[Alternative]
    detected_language: str | None = None


class ModelInfo(Message):
    """Who heard."""

    name: str
    version: str
    arch: str


class ResultsMetadata(Message):
    """Mandatory for Python up to 4 (D§7.3)."""

    request_id: str
    model_info: ModelInfo
    model_uuid: str


class ListenMessage(Message, tag_field="type", omit_defaults=True):
    """A text frame of the live socket; `type` is the class name."""

    @classmethod
    def wire_name(cls) -> str:
        """The `type` on the wire."""
        return str(cls.__struct_config__.tag)


class Results(ListenMessage, tag=True):
    """Words. Joined, the transcripts that are final are the whole text."""

    channel_index: tuple[int, int]
    duration: float
    start: float
    is_final: bool
    speech_final: bool
    from_finalize: bool
    channel: ListenChannelBody
    metadata: ResultsMetadata


class SpeechStarted(ListenMessage, tag=True):
    """Somebody begins to speak."""

    channel: tuple[int, int]
    timestamp: float


class UtteranceEnd(ListenMessage, tag=True):
    """A gap behind the last word."""

    channel: tuple[int, int]
    last_word_end: float


class Metadata(ListenMessage, tag=True):
    """Once, last."""

    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int


class ListenError(ListenMessage, tag="Error"):
    """A message that was not understood; the socket is kept unless a close follows."""

    variant: str
    description: str
    message: str
    code: str


class LiveConfigureSuccess(ListenMessage, tag="ConfigureSuccess"):
    """Other keyterms hold from now on."""

    request_id: str
    keyterms: list[str] | None = None


class LiveConfigureFailure(ListenMessage, tag="ConfigureFailure"):
    """Nothing has changed."""

    request_id: str
    code: str
    description: str


class LiveFeatures(Message):
    """How text is to be written from now on."""

    numerals: bool | None = None


class LiveConfigure(Message):
    """The client's `Configure`."""

    keyterms: list[str] | str | None = None
    features: LiveFeatures | None = None


class RecordingBody(Message):
    """Body of `POST /v1/listen` that is no recording but says where one is."""

    url: str


class RecordingMetadata(Message):
    """Of a whole recording."""

    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int
    models: list[str]
    model_info: dict[str, ModelInfo]


class Utterance(Message):
    """What was said between two pauses."""

    start: float
    end: float
    confidence: float
    channel: int
    transcript: str
    words: list[ListenWord]
    id: str


class RecordingResults(Message, omit_defaults=True):
    """What was said in a recording."""

    channels: list[ListenChannelBody]
    utterances: list[Utterance] | None = None


class RecordingAnswer(Message):
    """The answer to `POST /v1/listen`."""

    metadata: RecordingMetadata
    results: RecordingResults
