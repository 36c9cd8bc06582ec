"""Query strings as clients really write them."""

from __future__ import annotations

import pytest

from duologue.errors import Violation
from duologue.protocols.query import MAX_PARAMETERS, Handshake, read_headers, read_query, snake_case


@pytest.mark.parametrize(
    "raw",
    [
        "keyterm=Ink+2&keyterm=b",
        "keyterm=Ink%202&keyterm=b",
        "keyterm[]=Ink+2&keyterm[]=b",
        "keyterm%5B%5D=Ink+2&keyterm%5B%5D=b",
        "keyterm[0]=Ink%202&keyterm[1]=b",
        "keyterm=&keyterm=Ink+2&keyterm=b",
    ],
)
def test_lists_come_in_every_spelling(raw: str) -> None:
    assert read_query(raw).all("keyterm") == ("Ink 2", "b")


def test_names_may_be_camel_case_and_the_last_value_wins() -> None:
    query = read_query(b"sampleRate=8000&sample_rate=16000")
    assert query.whole("sample_rate") == 16000
    assert snake_case("eotTimeoutMs") == "eot_timeout_ms"


@pytest.mark.parametrize("written", ["16000", "16000.0", "1.6e4", "+16000".replace("+", "%2B")])
def test_whole_numbers_may_be_written_as_floats(written: str) -> None:
    assert read_query(f"rate={written}").whole("rate") == 16000


@pytest.mark.parametrize("written", ["many", "nan", "inf", "16000.5"])
def test_what_is_no_whole_number_is_refused_by_name(written: str) -> None:
    with pytest.raises(Violation) as caught:
        read_query(f"rate={written}").whole("rate")
    assert (caught.value.code, caught.value.path) == ("bad_parameter", "rate")


def test_flags_are_read_in_any_case() -> None:
    query = read_query("a=True&b=0&c=maybe")
    assert query.flag("a") is True
    assert query.flag("b", default=True) is False
    assert query.flag("d", default=True) is True
    with pytest.raises(Violation, match="not a boolean"):
        query.flag("c")


def test_dictionaries_are_kept_apart() -> None:
    assert read_query("extra%5Bk%5D=v&extra=k:v").members["extra"] == {"k": "v"}


def test_absent_parameters_are_none_or_named() -> None:
    query = read_query("empty=")
    assert query.text("empty") is None
    assert query.number("other") is None
    assert query.whole("other") is None
    with pytest.raises(Violation) as caught:
        query.required("model")
    assert (caught.value.code, caught.value.path) == ("missing_parameter", "model")


def test_the_number_of_parameters_is_bounded() -> None:
    assert read_query("&".join(["a=1"] * MAX_PARAMETERS))
    with pytest.raises(Violation, match="too many query parameters"):
        read_query("&".join(["a=1"] * (MAX_PARAMETERS + 1)))


def test_credentials_in_a_query_do_not_show() -> None:
    handshake = Handshake("/tts/websocket", read_query("api_key=sk_secret"), (("authorization", "Bearer sk_secret"),))
    assert "sk_secret" not in repr(handshake)
    assert "api_key" in repr(handshake)


def test_headers_keep_duplicates_in_lower_case() -> None:
    headers = read_headers([(b"User-Agent", b"a/1"), (b"user-agent", b" b/2 ")])
    handshake = Handshake(headers=headers)
    assert handshake.header_values("user-agent") == ("a/1", "b/2")
    assert handshake.header("user-agent") == "a/1"
    assert handshake.header("accept") == ""
