"""OpenAI's client transcribes a recording at Cartesia's twin of its interface."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from tests.running_server import RunningServer

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(300)]


def test_openais_client_transcribes_a_recording(server: RunningServer, caller_wav: Path) -> None:
    with openai.OpenAI(api_key="any", base_url=server.http) as client:
        plain = client.audio.transcriptions.create(model="ink-whisper", file=caller_wav)
        assert plain.text
        verbose = client.audio.transcriptions.create(
            model="ink-whisper", file=caller_wav, response_format="verbose_json", timestamp_granularities=["word"]
        )
        assert verbose.text == plain.text
        assert [word.word for word in verbose.words or []] == plain.text.split()
        text = client.audio.transcriptions.create(model="ink-whisper", file=caller_wav, response_format="text")
        assert str(text).strip() == plain.text
        with pytest.raises(openai.BadRequestError):
            client.audio.transcriptions.create(model="ink-whisper", file=caller_wav, response_format="srt")
        with pytest.raises(openai.NotFoundError):
            client.audio.transcriptions.create(model="whisper-1", file=caller_wav)
