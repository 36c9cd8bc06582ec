"""The scenario for those who need none: every call is connected to one agent, and to no other."""

from __future__ import annotations

import json

import structlog

from duologue.bridge.agent_events import AgentEvent
from duologue.bridge.agents_client import AgentsClient
from duologue.bridge.call import Call, ToneReceived, TransferFailed
from duologue.bridge.events import AgentsEvents, CallEvents, SessionEvents
from duologue.bridge.media import bridge
from duologue.bridge.scenario import Scenario, ScenarioSession
from duologue.bridge.session_events import HttpRequest

CUSTOM_AGENT = "agent"
"""Parameter of a call that names another agent than the configured one; only a way in that is trusted to sets it."""

_log = structlog.get_logger("duologue.bridge")


def agent_line(agent_id: str) -> Scenario:
    """Connects calls to the agent: audio, keys both ways, clears, transfers; and whoever has the control URL may end or transfer them."""

    async def connect(call: Call, session: ScenarioSession) -> None:
        agent = await session.create_agents_client(call.facts.custom.get(CUSTOM_AGENT) or agent_id)
        agent.on(AgentsEvents.Clear, lambda _: agent.clear_media_buffer())
        agent.on(AgentsEvents.DTMF, lambda pressed: _press(call, pressed))
        agent.on(AgentsEvents.TransferCall, lambda asked: call.transfer_to(asked.target))
        call.on(CallEvents.ToneReceived, lambda tone: _pass_key(agent, tone))
        call.on(CallEvents.TransferFailed, lambda failed: _tell_failure(agent, failed))
        call.on(CallEvents.Disconnected, lambda _: agent.close())
        session.on(SessionEvents.HttpRequest, lambda request: _obey(call, request))
        call.handle_tones(True)
        call.answer()
        with bridge(call, agent):
            facts = {"from": call.facts.from_, "to": call.facts.to, "control_url": session.control_url}
            agent.start(metadata={**call.facts.custom, **{name: text for name, text in facts.items() if text}})
            async for _ in agent.events():
                pass  # until the agent has hung up and was heard to the end
        call.hangup("the agent ended the call")

    return connect


def _press(call: Call, pressed: AgentEvent) -> None:
    if pressed.digit:
        call.send_digits(pressed.digit)


def _pass_key(agent: AgentsClient, tone: ToneReceived) -> None:
    if not agent.closed and tone.tone in "0123456789*#":
        agent.dtmf(tone.tone)


def _tell_failure(agent: AgentsClient, failed: TransferFailed) -> None:
    """The agent goes on with the caller, so it must know."""
    if not agent.closed:
        agent.custom({"event": "transfer_failed", "reason": failed.reason})


def _obey(call: Call, request: HttpRequest) -> None:
    """`{"action": "end_call"}` or `{"action": "call_transfer", "target": "+15550100"}`: what an agent's tools ask."""
    try:
        asked = json.loads(request.content)
    except (ValueError, RecursionError):
        asked = None
    action = asked.get("action") if isinstance(asked, dict) else None
    if action == "end_call":
        call.hangup("ended over the control URL")
    elif action == "call_transfer" and isinstance(asked, dict):
        call.transfer_to(str(asked.get("target", "")))
    else:
        _log.info("control_request_unknown", call=call.facts.call_id)
