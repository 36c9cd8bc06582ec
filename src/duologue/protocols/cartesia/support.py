"""What of Cartesia's sockets is spoken: the source of `docs/protocols/cartesia.md`."""

from __future__ import annotations

from duologue.protocols.support import Row, Support, Surface

YES, PARTLY, NO = Support.YES, Support.PARTLY, Support.NO

TITLE = "Cartesia: what is supported"
INTRODUCTION = (
    "Made from the tables in `duologue.protocols.cartesia.support` by `python docs/protocols/generate.py`. Unknown members are ignored and "
    "`null` is an absent member, unless the server runs with `strict`. Errors carry `error_code`, `title`, `message`, `request_id` and the "
    "older `error` text for every API version."
)

STT_TURNS = Surface(
    "Speech to text with turns: `/stt/turns/websocket`",
    "STT turns WebSocket, Turn detection (C§7)",
    from_client=(
        Row("?model", YES, "`ink*` and this server's engines; anything else is `model_not_found`"),
        Row("?encoding, ?sample_rate", YES, "all six encodings, 8,000 to 48,000 Hz"),
        Row("?keyterm", PARTLY, "at most 100 terms and 1,200 characters; what it helps depends on the engine"),
        Row("?turn_start_threshold", YES, "0.5 to 0.9, default 0.8"),
        Row("?turn_eager_end_threshold", YES, "0.3 to 0.8, default 0.6; 0.4 where that does not fit what is named"),
        Row("?turn_end_threshold", YES, "0.05 to 0.5, default 0.3; 0.2 where that does not fit what is named"),
        Row("?turn_end_timeout_ms", YES, "640 to 11,200, default 5,600"),
        Row("?language", NO, "ignored: there is none on this socket"),
        Row("binary", YES, "any chunking, odd bytes carried over, from the first millisecond"),
        Row(
            "config",
            YES,
            "members left out keep their value; no acknowledgement; a refused change keeps the old values",
        ),
        Row("close", YES, "what was received becomes events, then 1000"),
    ),
    from_server=(
        Row("connected", YES, "replaced by `error` and 1000 when the settings are bad"),
        Row("turn.start", YES),
        Row("turn.update", YES, "only text that will not be revised"),
        Row("turn.eager_end", YES),
        Row("turn.resume", YES),
        Row("turn.end", YES, "from the second turn on the text begins with a space"),
        Row("error", YES, "a malformed message is 400 and the socket is kept"),
    ),
)

TTS = Surface(
    "Text to speech: `/tts/websocket`",
    "TTS WebSocket, Contexts, Buffering, Flushing (C§5)",
    from_client=(
        Row("context_id", YES, "made up when missing"),
        Row("model_id", YES, "`sonic*` and this server's engines; anything else is `model_not_found`"),
        Row("transcript", YES, "joined verbatim; at most 100,000 characters waiting in a context"),
        Row("voice", YES, 'text, `{"id"}`, `{"mode":"id","id"}`; embeddings are `voice_not_found`'),
        Row(
            "output_format",
            YES,
            "raw; all encodings of this server, 8,000 to 48,000 Hz; with `strict` only the documented ones",
        ),
        Row("continue", YES),
        Row("flush", YES, "in the message with the text, or alone"),
        Row("cancel", YES, "nothing more is sent for the context"),
        Row("max_buffer_delay_ms", YES, "0 to 5,000, default 3,000"),
        Row("add_timestamps", YES),
        Row("add_phoneme_timestamps", PARTLY, "where the engine knows its sounds: the embedded one does"),
        Row("use_normalized_timestamps", YES, "the words as they are spoken, `five dollars` for `$5`"),
        Row("language, locale", PARTLY, "checked against the documented codes; what is spoken depends on the voice"),
        Row("generation_config.speed", YES, "0.6 to 1.5 as documented, and on to 2.0"),
        Row("generation_config.volume", YES, "0.5 to 2.0"),
        Row("generation_config.emotion", PARTLY, "the embedded voice hints at some: faster, slower, higher, livelier"),
        Row("speed", YES, "legacy words `slow`, `normal`, `fast`; a number is that of `generation_config`"),
        Row("voice.__experimental_controls", YES, "speed and emotion of versions before 2025-04-16"),
        Row("pronunciation_dict_id", YES, "an unknown one changes nothing, unless the server is strict"),
        Row(
            "normalization",
            YES,
            "`auto`, `off`, or a code; only English numbers are written out, other voices read them",
        ),
        Row("accent", PARTLY, "`british`, `general-american`; others change nothing"),
        Row("duration", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("chunk", YES, "at most 0.2 s of audio; always with `flush_id`"),
        Row("timestamps", YES, "just before the chunk in which the words begin"),
        Row("phoneme_timestamps", PARTLY, "just before the chunk in which the sounds begin; letters of the IPA"),
        Row("flush_done", YES, "after the last sample of its segment"),
        Row("done", YES, "once per context"),
        Row("error", YES, "with the `context_id`; ends that context only"),
    ),
)

STT_MANUAL = Surface(
    "Speech to text, finalised by the client: `/stt/websocket`",
    "STT WebSocket (C§8)",
    from_client=(
        Row("?model", YES, "`ink*` and this server's engines; anything else is `model_not_found`"),
        Row("?encoding, ?sample_rate", YES, "all six encodings, 8,000 to 48,000 Hz"),
        Row("?language", PARTLY, "any code is taken and told back; what is understood depends on the engine"),
        Row("?keyterm", PARTLY, "at most 100 terms and 1,200 characters; what it helps depends on the engine"),
        Row("?max_silence_duration_secs", YES, "a final transcript after this much silence, 0.1 to 3,600"),
        Row("?min_volume", NO, "checked and ignored: voices are told from noise by a model"),
        Row("binary", YES, "any chunking, odd bytes carried over"),
        Row("finalize", YES, "bare, quoted or as JSON; what comes behind it waits until it is answered"),
        Row("close, done", YES, "what was received becomes a transcript, then `done` and 1000"),
    ),
    from_server=(
        Row("transcript", YES, "interim ones may be revised; from the second final on the text begins with a space"),
        Row("flush_done", YES, "behind the transcript it acknowledges, which is left out where nothing was said"),
        Row("done", YES),
        Row("error", YES, "a malformed command is 400 and the socket is kept"),
    ),
)

STT_BATCH = Surface(
    "A recording transcribed: `POST /stt`",
    "STT batch (C§9)",
    from_client=(
        Row(
            "file", PARTLY, "wav, flac, ogg, mp3, aiff; mp4, m4a and webm are `unsupported_audio_format`; 200 MiB, 4 h"
        ),
        Row("model", YES, "`ink*` and this server's engines"),
        Row("language", PARTLY, "any code is taken and told back; what is understood depends on the engine"),
        Row("timestamp_granularities[]", YES, "`word`"),
        Row("?encoding, ?sample_rate", YES, "for samples without a header"),
    ),
    from_server=(Row("transcript", YES, "`words` only when asked for"),),
)

STT_TWIN = Surface(
    "A recording transcribed for OpenAI's clients: `POST /audio/transcriptions`",
    "STT batch (C§9)",
    from_client=(
        Row("file, model, language, timestamp_granularities[], ?encoding, ?sample_rate", YES, "as above"),
        Row("response_format", PARTLY, "`json`, `text`, `verbose_json`"),
        Row("prompt, temperature", NO, "accepted and ignored"),
        Row("stream", NO, "501: the text comes in one piece"),
    ),
    from_server=(Row("text, or an object with text", YES, "`verbose_json` has duration, language and words"),),
)

TTS_HTTP = Surface(
    "Text to speech over HTTP: `POST /tts/bytes`, `POST /tts/sse`",
    "TTS bytes and SSE (C§6.1, C§6.2)",
    from_client=(
        Row("transcript", YES, "at most 100,000 characters (`limits.context_characters`)"),
        Row(
            "model_id, voice, language, locale, accent, normalization, generation_config, speed",
            YES,
            "as on the socket",
        ),
        Row("output_format: raw, wav", YES, "all encodings of this server, 8,000 to 48,000 Hz; a WAV names no length"),
        Row("output_format: mp3", YES, "bytes only; the five bit rates, as far as MPEG has them at that sample rate"),
        Row("context_id, add_timestamps, add_phoneme_timestamps, use_normalized_timestamps", YES, "SSE only"),
        Row("save", NO, "501: nothing is kept"),
        Row("pronunciation_dict_id", YES, "as on the socket"),
        Row("duration", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("audio", YES, "streamed while it is made"),
        Row(
            "event: chunk, timestamps, phoneme_timestamps, done, error",
            YES,
            "the socket's messages; the body ends after `done`",
        ),
    ),
)

VOICES = Surface(
    "Voices, accents, status: `GET /voices`, `GET /voices/{id}`, `GET /accents`, `GET /`",
    "Voices, pagination, status (C§10)",
    from_client=(
        Row("?limit, ?starting_after, ?ending_before", YES, "a page past the end is empty, so iterators stop"),
        Row("?q, ?is_owner, ?gender, ?language", YES),
        Row("?expand[]", NO, "ignored: there are no previews"),
        Row("GET /voices/{id}", YES, "ids of this server, its names and aliases, and the ids of Cartesia's examples"),
        Row("GET /accents: ?language, ?locale, ?is_localizable", YES, "those of this server's voices"),
        Row("PATCH /voices/{id}, DELETE /voices/{id}", NO, "403: the voices belong to the server"),
        Row("PATCH /voices/{id}/accents, DELETE /voices/{id}/accents/{id}", NO, "403: the voices belong to the server"),
    ),
    from_server=(Row("page, voice, accents, status", YES, "with the fields that every client release reads"),),
)

DICTIONARIES = Surface(
    "Pronunciation dictionaries: `/pronunciation-dicts`",
    "Pronunciation dictionaries (C§10.4)",
    from_client=(
        Row("GET /pronunciation-dicts", YES, "pages, the newest first; every key of the server sees all of them"),
        Row("POST /pronunciation-dicts", YES, "`name`, `items`, `description`, `access`, `pinned`"),
        Row("GET, PATCH, DELETE /pronunciation-dicts/{id}", YES, "`items` of a PATCH take the place of those before"),
        Row("items[].alias or items[].pronunciation", YES, "plain text, or `<<m|ɛ|t>>` as near as letters come to it"),
        Row("items[].case_sensitive", YES, "small letters also match the first word of a sentence"),
    ),
    from_server=(
        Row("dictionary, page", YES, "with the fields of all releases; 2,000 items each, 1,000 dictionaries"),
    ),
)

NOT_HERE = Surface(
    "What no embedded engine can do, and what is not kept",
    "Clone a voice, Infill, Voice changer (C§6.3, C§6.4, C§10.2, C§10.5)",
    from_client=(
        Row(
            "POST /voices/clone, POST /voices/localize, POST /voices/mix",
            NO,
            "501 `Not implemented`, not to be tried again",
        ),
        Row("POST /infill/bytes", NO, "501 `Not implemented`, not to be tried again"),
        Row("POST /voice-changer/bytes, POST /voice-changer/sse", NO, "501 `Not implemented`, not to be tried again"),
        Row("GET /datasets, GET /fine-tunes", PARTLY, "an empty page"),
        Row("GET, PATCH, DELETE of an item of these", NO, "404"),
        Row("POST /datasets, POST /fine-tunes", NO, "501 `Not implemented`"),
        Row("/usage, /api-keys, /organizations", NO, "404: keys are made with `duologue keys`"),
    ),
    from_server=(Row("error", YES, "`error_code`, `title`, `message`, `request_id`: the clients' own exceptions"),),
)

CALL_STREAM = Surface(
    "An agent by its id: `/agents/stream/{agent_id}`",
    "Web calls, Calls API (C§11)",
    from_client=(
        Row("{agent_id}", YES, "an unknown one is 404 before the upgrade, with the nearest"),
        Row("start", YES, "first, else `error` and 1008; a second one is an `error`, and the call goes on"),
        Row(
            "start.config.input_format", YES, "`mulaw_8000`, `pcm_16000`, `pcm_24000`, `pcm_44100`, for both directions"
        ),
        Row("start.config.voice_id", YES, "unknown voices map to the default unless the server is strict"),
        Row("start.config.output_audio_delivery", YES, "`speaking_pace` (default), `as_available`"),
        Row(
            "start.agent.system_prompt, introduction",
            YES,
            "unless the agent keeps its own; empty introduction: it waits",
        ),
        Row("start.metadata", YES, "at most 64 members; fills the places of prompt, introduction and tools"),
        Row(
            "media_input", YES, "with or without `stream_id`; `payload` also at the top level; padding may be left out"
        ),
        Row("dtmf", YES, "gathered into one turn; several keys in one message are taken one by one"),
        Row("custom", YES, "the model knows it from then on, or answers it, as the agent says"),
        Row("playback", YES, "an extension of ours: `docs/agents.md`"),
        Row("ping", YES, "counts as a sign of life"),
        Row("other events", YES, "ignored; an `error` when strict"),
    ),
    from_server=(
        Row(
            "ack",
            YES,
            "with `call_id`, the effective settings and `playback_reports`; the agent's own prompt stays here",
        ),
        Row("media_output", YES, "at most 0.1 s each"),
        Row("clear", YES, "only after audio that may not have been heard to its end"),
        Row("dtmf, custom, transfer_call", YES, "what the agent does itself"),
        Row("turn_started, turn_output_text_delta, turn_ended", YES, "deltas are phrases, as they begin to sound"),
        Row("error", YES, "the vendor documents none: `message` and the members of its other sockets"),
        Row("close", YES, "1000 `call ended by agent[, reason: ...]`, 1000 `connection idle timeout` after 180 s"),
    ),
)

AGENTS = Surface(
    "Agents and calls over HTTP: `/agents`",
    "Agents, calls, metrics (C§13)",
    from_client=(
        Row("GET /agents, GET /agents/{id}", YES, "those of the configuration"),
        Row("PATCH, DELETE /agents/{id}", NO, "403: agents are changed where they are defined"),
        Row("GET /agents/{id}/phone-numbers, /agents/{id}/deployments, /agents/templates", PARTLY, "empty lists"),
        Row("GET /agents/{id}/documents/query", PARTLY, "nothing is found; the token of a call is enough"),
        Row("GET /agents/calls, /agents/metrics, /agents/metrics/results", PARTLY, "empty pages: none are kept"),
        Row("GET /agents/metrics/results/export", PARTLY, "a table without rows"),
        Row("/agents/calls/{id}, its audio and cancel, /agents/deployments/{id}, /agents/metrics/{id}", NO, "404"),
        Row("POST, DELETE /agents/{id}/metrics/{metric_id}", NO, "404"),
        Row("POST /agents/calls, POST /agents/metrics", NO, "501 `Not implemented`"),
        Row("/v1/agents, /v1/agents/websocket/{id}", NO, "404: Managed Agents are not spoken yet"),
    ),
    from_server=(Row("summaries, summary", YES, "with the fields that every client release reads"),),
)

TOKENS = Surface(
    "Access tokens: `POST /access-token`",
    "Authenticate your client applications (C§4)",
    from_client=(
        Row("grants", YES, "`tts`, `stt`, `agent`; each is no unless given; another surface is 403"),
        Row("expires_in", YES, "1 to 3,600 seconds; 3,600 when left out"),
    ),
    from_server=(Row("token", YES, "believed wherever a key is; ends with the key it was made with"),),
)

SURFACES = (
    STT_TURNS,
    STT_MANUAL,
    STT_BATCH,
    STT_TWIN,
    TTS,
    TTS_HTTP,
    CALL_STREAM,
    VOICES,
    DICTIONARIES,
    NOT_HERE,
    TOKENS,
)
