"""What of Deepgram's sockets is spoken: the source of `docs/protocols/deepgram.md`."""

from __future__ import annotations

from duologue.protocols.deepgram.streams_support import SURFACES as STREAMS
from duologue.protocols.support import Row, Support, Surface

YES, PARTLY, NO = Support.YES, Support.PARTLY, Support.NO

TITLE = "Deepgram: what is supported"
INTRODUCTION = (
    "Made from the tables in `duologue.protocols.deepgram.support` by `python docs/protocols/generate.py`. Unknown members are ignored and "
    "`null` is an absent member, unless the server runs with `strict`. Messages that a client's release is known to choke on are left out."
)

AGENT_V1 = Surface(
    "Voice Agent: `/v1/agent/converse`",
    "Voice Agent (D§5)",
    from_client=(
        Row("binary", YES, "before `Settings` too: the last 10 s are kept"),
        Row("Settings", YES, "once; wrong settings end the connection after the `Error`"),
        Row("SettingsConfiguration", YES, "early access: from then on this socket speaks as `/agent` does"),
        Row(
            "Settings: audio",
            PARTLY,
            "linear16, linear32 (floats), mulaw, alaw, 8,000 to 48,000 Hz; container `none` or `wav`; MP3 out, a stream for each reply; "
            "no opus, flac, aac",
        ),
        Row(
            "Settings: agent (id)",
            PARTLY,
            "the id of one of the server's own agents, without metadata; of what it may do itself, hanging up",
        ),
        Row(
            "Settings: agent.listen",
            PARTLY,
            "thresholds for any model; the engine is this server's; the first of `language_hints` is its language; not `smart_format`",
        ),
        Row(
            "Settings: agent.think",
            YES,
            "providers map to the server's table; a list is tried in order, also in the middle of an answer, each entry with its "
            "own prompt and functions",
        ),
        Row("Settings: agent.think.provider", PARTLY, "`temperature`, `reasoning_mode`; not `version`, `credentials`"),
        Row(
            "Settings: agent.think.endpoint",
            PARTLY,
            "where the outbound rules permit; Anthropic's wire beside `anthropic`, else chat completions, "
            "also for `google` and `aws_bedrock`",
        ),
        Row(
            "Settings: agent.think.context_length",
            PARTLY,
            "for every model, not only at endpoints; that of a list's first entry",
        ),
        Row(
            "Settings: agent.think.functions",
            YES,
            "without a URL, or with an empty one, the client runs it; hosts are looked up when called, not before; "
            "fillers are ignored with a `Warning`",
        ),
        Row("Settings: agent.think_live", NO, "accepted with a `Warning`"),
        Row(
            "Settings: agent.speak",
            PARTLY,
            "any provider's voice name is looked up here, also in a list; `speed`, `volume`; not `expressivity`, endpoints, credentials",
        ),
        Row("Settings: agent.context", YES, "lines and function calls"),
        Row("Settings: flags.history, experimental", YES),
        Row("Settings: tags, mip_opt_out", NO, "accepted and ignored"),
        Row("UpdatePrompt", YES, "replaces the prompt"),
        Row("UpdateInstructions", YES, "early access: adds to the prompt"),
        Row("UpdateSpeak", YES, "the early-access form too"),
        Row("UpdateThink", YES, "replaces model, prompt and functions, from the next request on"),
        Row(
            "UpdateListen",
            YES,
            "what is left out stays, but for language hints; a change between Flux and other models is refused with a `Warning`",
        ),
        Row("UpdateThink_Live", NO, "answered with a `Warning`"),
        Row("InjectUserMessage", YES),
        Row("InjectAgentMessage", YES, "`message` or `content`; every `behavior`; not `is_dynamic`"),
        Row("FunctionCallResponse", YES, "old and new member names"),
        Row("KeepAlive", YES, "before `Settings` too"),
        Row("ForceEndTurn", YES, "with Flux models; else a `Warning`"),
        Row("__customToThinkProvider", NO, "accepted and ignored"),
    ),
    from_server=(
        Row("Welcome", YES, "with `request_id` and `session_id`"),
        Row("SettingsApplied", YES),
        Row(
            "ConversationText",
            YES,
            "per user turn, per sentence of the agent; `conversational_behavior` on check-ins and murmurs; `languages` with "
            "`flux-general-multi`: the one asked for",
        ),
        Row("History", YES, "behind the text and after function results; never a `thought_signature`"),
        Row("UserStartedSpeaking", YES),
        Row("AgentThinking", YES),
        Row("AgentStartedSpeaking", YES, "with or without `experimental`; not for greetings and injected lines"),
        Row("binary", YES, "at most 0.1 s per frame; with `wav` a header per reply"),
        Row("AgentAudioDone", YES, "once per reply, also an interrupted one"),
        Row(
            "LatencyReport",
            YES,
            "after each reply that sounded; to clients older than 5.0 with `experimental` only; never `ttt_thinking_latency`",
        ),
        Row("FunctionCallRequest", YES),
        Row("FunctionCallResponse", YES, "for server-side calls"),
        Row("FunctionCallCancelled", YES),
        Row("PromptUpdated", YES),
        Row("SpeakUpdated", YES),
        Row("ThinkUpdated", YES),
        Row("ListenUpdated", YES),
        Row("InjectionRefused", YES),
        Row(
            "Warning",
            YES,
            "also for each entry of a list that fails; never `GPT_4O_STREAM_END_ERROR` and `INJECT_AGENT_MESSAGE_DURING_...`: refused "
            "lines are `InjectionRefused`",
        ),
        Row(
            "Error",
            YES,
            "`code`, `description` and `message`; `FAILED_TO_THINK` and `FAILED_TO_SPEAK` when a whole list has failed, and the call "
            "goes on",
        ),
    ),
    unsupported=(
        Row("EndOfThought", NO, "a word of early access: undocumented here, and ends some clients"),
        Row("ThinkLiveUpdated", NO),
        Row("FrustrationDetected", NO),
        Row("__customFromThinkProvider", NO),
    ),
)

AGENT_V0 = Surface(
    "Voice Agent, early access: `/agent`",
    "Voice Agent, early access (D§4)",
    from_client=(
        Row("binary", YES, "before the settings too; a leading WAV header is skipped; any pace"),
        Row(
            "SettingsConfiguration",
            YES,
            "flat or under `options`, snake case or camelCase, compact or spread over lines",
        ),
        Row("SettingsConfiguration: audio", PARTLY, "as above for `Settings`; 16,000 Hz in where no rate is named"),
        Row("SettingsConfiguration: agent.listen", YES, "`model` and `keyterms`; the engine is this server's"),
        Row(
            "SettingsConfiguration: agent.think",
            YES,
            "`provider`, `model`, `instructions`; `custom` with `url`, `key` or `headers`",
        ),
        Row(
            "SettingsConfiguration: agent.think.functions",
            YES,
            "an empty `url` is none; headers as a list or an object",
        ),
        Row("SettingsConfiguration: agent.speak", PARTLY, "`model`, or `provider` and `voice_id`, looked up here"),
        Row(
            "SettingsConfiguration: context", YES, "`role` or `type` with `content`, or pairs; at the top or in `agent`"
        ),
        Row("SettingsConfiguration: context.replay", YES, "the last line is spoken if it is the assistant's"),
        Row("Settings", YES, "today's settings: from then on this socket speaks as `/v1/agent/converse` does"),
        Row(
            "UpdateInstructions",
            YES,
            "adds to the instructions, of which 25,000 characters are used; no word to warn with",
        ),
        Row("UpdateSpeak", YES, "`model`"),
        Row("InjectAgentMessage", YES),
        Row("FunctionCallResponse", YES, "`function_call_id` and `output`"),
        Row("KeepAlive", YES, "before the settings too"),
        Row("any other message of today", YES, "taken as there"),
    ),
    from_server=(
        Row("Welcome", YES, "at once; `session_id`, and `request_id` beside it"),
        Row("SettingsApplied", YES),
        Row("ConversationText", YES, "per user turn, per sentence of the agent"),
        Row("UserStartedSpeaking", YES),
        Row("EndOfThought", YES, "when a model is asked on a finished turn"),
        Row("AgentThinking", PARTLY, "only where there is a thought to tell: no model here tells one"),
        Row("FunctionCalling", YES, "every call, either side's, with the members of `FunctionCallRequest`"),
        Row("FunctionCallRequest", YES, "one per call; `input` is an object"),
        Row("AgentStartedSpeaking", YES, "every reply, a replayed line and an injected one too"),
        Row("binary", YES, "at most 0.1 s per frame; with `wav` a header per reply"),
        Row("AgentAudioDone", YES, "once per reply, also an interrupted one"),
        Row("InjectionRefused", YES),
        Row("InstructionsUpdated", YES),
        Row("SpeakUpdated", YES),
        Row("ThinkUpdated", YES, "to clients that send today's `UpdateThink`"),
        Row("ListenUpdated", YES, "to clients that send today's `UpdateListen`"),
        Row("Error", YES, "`message`, and `description` and `code` beside it; also where today's wire has a `Warning`"),
    ),
    unsupported=(Row("Metadata", NO, "nothing defines it"),),
)

ACCOUNT = Surface(
    "Tokens and lists over HTTP",
    "Token-based authentication, think models (D§2.3, D§5.13)",
    from_client=(
        Row("POST /v1/auth/grant", YES, "`ttl_seconds`, 1 to 3,600, 30 where none is named; needs a key, not a token"),
        Row("GET /v1/auth/token", YES, "which key, and what it opens"),
        Row("GET /v1/agent/settings/think/models", YES, "the names of the configuration's providers; needs no key"),
        Row("GET /v1/projects, /v1/projects/{id}", YES, "one project, whatever its id; needs a key, as what follows"),
        Row(
            "GET /v1/models, /v1/models/{id}, /v1/projects/{id}/models",
            YES,
            "the recogniser by its names, and the voices",
        ),
        Row(
            "/v1/projects/{id}/agents",
            PARTLY,
            "the configuration's agents can be listed and looked up, their prompts are not told; made 501, changed 403",
        ),
        Row("/v1/projects/{id}/agent-variables, .../balances", PARTLY, "empty lists; made 501"),
        Row("/v1/projects/{id}/keys, members, usage and the rest; /v1/read", NO, "404"),
    ),
    from_server=(
        Row("access_token, expires_in", YES, "opens agents, listening and speaking; an open connection survives it"),
        Row("models", YES, "`id`, `name`, `provider`"),
    ),
)

SURFACES = (AGENT_V1, AGENT_V0, ACCOUNT, *STREAMS)
