"""Every telephone call is connected to the agent `coffee`.

duologue serve --audiosocket 127.0.0.1:9092 --scenario examples/phone/coffee_line.py
"""

from duologue.bridge import AgentsEvents, Call, CallEvents, ScenarioSession, bridge


async def scenario(call: Call, session: ScenarioSession) -> None:
    agent = await session.create_agents_client("coffee")
    agent.on(AgentsEvents.Clear, lambda _: agent.clear_media_buffer())
    agent.on(AgentsEvents.DTMF, lambda event: call.send_digits(event.digit))
    call.on(CallEvents.ToneReceived, lambda event: agent.dtmf(event.tone))
    call.on(CallEvents.Disconnected, lambda _: agent.close())
    call.handle_tones()
    call.answer()
    with bridge(call, agent):
        agent.start(metadata={"from": call.facts.from_, "to": call.facts.to, "control_url": session.control_url})
        async for _ in agent.events():
            pass  # until the agent has hung up, and its last word has been heard
    call.hangup()
