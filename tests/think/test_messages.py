"""The vocabulary of conversations."""

from __future__ import annotations

import pytest

from duologue.think.messages import Endpoint, read_arguments


@pytest.mark.parametrize("url", ["https://me:secret@host/v1/chat?key=secret", "https://host/v1/chat#secret"])
def test_an_endpoints_secrets_do_not_show(url: str) -> None:
    endpoint = Endpoint(url, headers={"authorization": "Bearer secret"})
    assert repr(endpoint) == "Endpoint(POST https://host/v1/chat, headers: authorization)"
    assert repr(Endpoint("secret")) == "Endpoint(POST ..., headers: none)"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", {}),
        ('{"a":[1,{"b":null}]}', {"a": [1, {"b": None}]}),
        ("[]", None),
        ("not json", None),
        ('{"a":NaN}', None),
        ('{"a":"\\ud800"}', None),
        ('{"a":' * 33 + "1" + "}" * 33, None),
        ("[" * 100_000, None),
        ('{"a":' + "9" * 5_000 + "}", None),
    ],
)
def test_arguments_are_an_object_that_can_be_written_again_or_nothing(written: str, meant: object) -> None:
    assert read_arguments(written) == meant


def test_arguments_may_be_as_deep_as_a_clients_messages() -> None:
    assert read_arguments('{"a":' * 32 + "1" + "}" * 32) is not None
