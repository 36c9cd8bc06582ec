"""The vocabulary of conversations."""

from __future__ import annotations

import pytest

from duologue.think.messages import Endpoint


@pytest.mark.parametrize("url", ["https://me:secret@host/v1/chat?key=secret", "https://host/v1/chat#secret"])
def test_an_endpoints_secrets_do_not_show(url: str) -> None:
    endpoint = Endpoint(url, headers={"authorization": "Bearer secret"})
    assert repr(endpoint) == "Endpoint(POST https://host/v1/chat, headers: authorization)"
    assert repr(Endpoint("secret")) == "Endpoint(POST ..., headers: none)"
