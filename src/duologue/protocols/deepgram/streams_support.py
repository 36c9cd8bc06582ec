"""What of Deepgram's listening and speaking sockets and requests is spoken: the other half of `docs/protocols/deepgram.md`."""

from __future__ import annotations

from duologue.protocols.support import Row, Support, Surface

YES, PARTLY, NO = Support.YES, Support.PARTLY, Support.NO

_IGNORED = "accepted; the words are the engine's, and nothing decorates them"
_SENTENCES = (
    '`punctuated_word` is given; English sentences begin with a capital, as "I" does, and a turn that does not break off ends with a stop; '
    "commas, question marks and names only where the engine has them"
)
_CONFIDENCE = "`confidence` of final words is the recogniser's: a posterior, in a grammar how well all of it fits; of interim ones 1"

LISTEN_V1 = Surface(
    "Live transcription: `/v1/listen`",
    "Live audio (D§7)",
    from_client=(
        Row("binary", YES, "20 to 250 ms is natural; an empty frame closes"),
        Row("KeepAlive", YES),
        Row("Finalize", YES, "always answered, with an empty result when there is nothing to transcribe"),
        Row("CloseStream", YES),
        Row("Configure", PARTLY, "`keyterms`; of `features`, `numerals`"),
        Row(
            "?model", YES, "nova, enhanced, base, whisper and their variants mean the engine here; Flux models are 400"
        ),
        Row("?encoding, ?sample_rate", PARTLY, "linear16, linear32 (floats), mulaw, alaw, 8,000 to 48,000 Hz"),
        Row("?encoding left out", PARTLY, "a WAV file; other containers close with 1008 `DATA-0000`"),
        Row("?interim_results, ?vad_events", YES),
        Row(
            "?endpointing",
            PARTLY,
            "`false`, or ms of silence, in effect at least 250 (shorter ones cut speech in up to a third more pieces); "
            "with `false` words are final after 1 s of silence",
        ),
        Row("?utterance_end_ms", YES, "from the words' own times"),
        Row("?keyterm, ?keywords", PARTLY, "at most 100, raised in the recogniser; the boost of a keyword is ignored"),
        Row("?language, ?language_hint", PARTLY, "any code is taken; what is understood depends on the engine"),
        Row("?punctuate, ?smart_format", PARTLY, _SENTENCES),
        Row("?numerals", YES, "English; also with `smart_format`"),
        Row("?replace", YES, "`old:new` or `old`, words or phrases in any case"),
        Row("?dictation, ?profanity_filter, ?diarize, ?detect_entities, ?search", NO, _IGNORED),
        Row("?channels, ?multichannel", NO, "more than one channel is 400"),
        Row("?redact", NO, "400: nothing here can redact"),
        Row("?callback", NO, "400: results are given on the connection only"),
        Row("?tag, ?extra, ?mip_opt_out, ?version", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("Results", PARTLY, "times as the engine gives them; " + _CONFIDENCE),
        Row("SpeechStarted", YES),
        Row("UtteranceEnd", YES),
        Row("Metadata", YES),
        Row("Error", YES, "for a message that is not understood; not to releases that stop listening at one"),
        Row("ConfigureSuccess", YES),
        Row("ConfigureFailure", YES),
    ),
)

FLUX = Surface(
    "Transcription with turns: `/v2/listen` (Flux)",
    "Flux (D§6)",
    from_client=(
        Row("binary", YES),
        Row("CloseStream", YES, "the last words of an open turn are an `Update`; then 1000"),
        Row("Configure", PARTLY, "thresholds, `keyterms`, `language_hints`; `numerals` from the next turn on"),
        Row("ForceEndTurn", YES, "what was sent before it is heard first"),
        Row("KeepAlive", YES, "no part of this protocol; ignored"),
        Row("?model", YES, "`flux*` and this server's engines; others are 400"),
        Row("?encoding, ?sample_rate", PARTLY, "as on `/v1/listen`; opus and ogg-opus are 400"),
        Row("?eot_threshold, ?eager_eot_threshold, ?eot_timeout_ms", YES, "0.5 to 1.0, 0.3 to 0.9, 500 to 60,000"),
        Row("?keyterm", YES, "at most 100"),
        Row("?language_hint", PARTLY, "the first is the language asked of the engine"),
        Row("?redact", NO, "400, as on `/v1/listen`"),
        Row("?numerals", YES, "English"),
        Row("?profanity_filter, ?mip_opt_out, ?tag", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("Connected", YES),
        Row(
            "TurnInfo",
            PARTLY,
            "all five events; `end_of_turn_confidence` is one minus the floor, 0 between turns; "
            "a word's `confidence` as on `/v1/listen`; "
            "`trigger`, `languages` and word times not to releases that refuse them",
        ),
        Row("ConfigureSuccess", YES),
        Row("ConfigureFailure", YES),
        Row("Warning", YES),
        Row("Error", YES, "before a close"),
    ),
)

SPEAK_V1 = Surface(
    "Text to speech: `/v1/speak`",
    "Text to speech WebSocket (D§8)",
    from_client=(
        Row(
            "Speak",
            YES,
            "joined verbatim, with a space between sentences; whole sentences are spoken at once, the rest when flushed; "
            "100,000 characters may wait, 512 KiB a message",
        ),
        Row("Flush", YES, "as often as wanted"),
        Row("Clear", YES, "also drops what waits to be sent"),
        Row("Close", YES, "flushed text is spoken to its end"),
        Row("?model", YES, "Aura voices map to voices here; unknown ones to the default unless `strict`"),
        Row("?encoding, ?sample_rate", YES, "linear16, mulaw, alaw; 8,000 to 48,000 Hz"),
        Row("?speed", YES),
        Row("?mip_opt_out, ?tag, ?container, ?bit_rate", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("Metadata", YES),
        Row("binary", YES, "at most 0.1 s per frame"),
        Row("Flushed", YES, "counted from 0; a flush that was cleared gets none"),
        Row("Cleared", YES, "counted from 0, apart from flushes"),
        Row("Warning", YES, "before a close for what was not understood"),
    ),
)

RECORDINGS = Surface(
    "A recording transcribed: `POST /v1/listen`",
    "Pre-recorded audio (D§7.7)",
    from_client=(
        Row("body", YES, "wav, flac, ogg, mp3, aiff; or samples with `encoding` and `sample_rate`; 200 MiB, 4 h"),
        Row(
            'body {"url": ...}',
            PARTLY,
            "hosts that the allow-list `think.outbound` names, by default none; 400 `REMOTE_CONTENT_ERROR` else",
        ),
        Row("?utterances, ?utt_split", YES, "what was said between pauses of 0.8 s or as asked"),
        Row("?paragraphs", YES, "also with `smart_format`; sentences end with turns where the engine writes no stops"),
        Row(
            "?multichannel, ?channels",
            YES,
            "up to 8; of samples `channels` says how many; without `multichannel` they are mixed",
        ),
        Row("?summarize, ?topics, ?intents, ?sentiment, ?detect_language, ?measurements", NO, "accepted and ignored"),
        Row("other parameters", PARTLY, "as on the live socket"),
    ),
    from_server=(Row("metadata, results", PARTLY, "one alternative; `confidence` as of a final `Results`"),),
)

SPEECH = Surface(
    "A text spoken: `POST /v1/speak`",
    "Text to speech (D§8.5)",
    from_client=(
        Row("text", YES, "at most 100,000 characters (`limits.context_characters`)"),
        Row(
            "?encoding, ?container, ?sample_rate, ?bit_rate",
            PARTLY,
            "mp3 (default, but linear16 with `container=wav`), linear16, mulaw, alaw; not opus, flac, aac",
        ),
        Row("?callback", NO, "400"),
        Row("POST /v2/speak", PARTLY, "the same for `flux-*` voices; no inline controls"),
    ),
    from_server=(Row("audio", YES, "streamed while it is made, with the `dg-*` headers"),),
)

SPEAK_V2 = Surface(
    "Text to speech in turns: `/v2/speak` (Flux)",
    "Flux text to speech (D§9)",
    from_client=(
        Row(
            "Speak",
            PARTLY,
            "joined verbatim; whole sentences are spoken at once, the rest when flushed; no inline controls",
        ),
        Row("Flush", YES, "ends the turn; further turns wait for it"),
        Row("Interrupt", YES, "drops every turn; with an offset the text is cut behind the last word heard whole"),
        Row("Configure", YES, "`speed`, for the text from then on"),
        Row("Close", YES, "what was said is spoken to its end, flushed or not"),
        Row("?model", PARTLY, "`flux-*` voices map to voices here; Aura names are 400"),
        Row("?encoding, ?sample_rate, ?speed", YES, "as on `/v1/speak`; 0.5 to 1.5 in steps of 0.05"),
        Row("?expressivity, ?mip_opt_out, ?tag", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("Connected", YES),
        Row("SpeechStarted", YES, "with the first text; of a turn that waited, behind the `SpeechMetadata` before it"),
        Row("binary", YES, "at most 0.1 s per frame"),
        Row("Flushed", YES),
        Row("SpeechMetadata", YES, "every character is billable"),
        Row("SpeechInterrupted", YES),
        Row("ConfigureSuccess", YES),
        Row("ConfigureFailure", YES),
        Row("SessionMetadata", YES),
        Row(
            "Warning",
            YES,
            "`NO_ACTIVE_SPEECH`, `NO_SYNTHESIZABLE_TEXT`, `NO_AUDIO_GENERATED`, `INVALID_INTERRUPT_OFFSET`",
        ),
        Row("Error", YES, "before a close, but not before that of a silent minute or a full hour"),
    ),
)

SURFACES = (LISTEN_V1, FLUX, SPEAK_V1, SPEAK_V2, RECORDINGS, SPEECH)
