from __future__ import annotations

import hashlib

import pytest

from duologue.bridge.ingress.twilio_signature import SignedRequest, check_signature, sign
from duologue.errors import Refused

TOKEN = "duologue-test-token"
VOICE = "https://voice.example.org/twilio/voice?lang=en"
FORM = {
    "CallSid": ["CA00000000000000000000000000000001"],
    "From": ["+14155550100"],
    "To": ["+14155550199"],
    "Direction": ["inbound"],
}
MEDIA = "wss://voice.example.org/twilio/media"


def check(request: SignedRequest, keys: dict[str, str] | None = None) -> None:
    check_signature(request, TOKEN, keys or {})


def refused(request: SignedRequest, keys: dict[str, str] | None = None) -> str:
    with pytest.raises(Refused) as caught:
        check(request, keys)
    assert caught.value.code == "forbidden"
    return caught.value.message


def signed(url: str, signature: str, form: dict[str, list[str]] | None = None, **more: str) -> SignedRequest:
    headers = {"x-twilio-signature": signature, **{name.replace("_", "-"): value for name, value in more.items()}}
    return SignedRequest(url, headers, form)


def test_the_known_signatures_come_out() -> None:
    assert sign(TOKEN, VOICE, FORM) == "GTeWKj0ryRbWV+bSg7n46YGL7fg="
    assert sign(TOKEN, VOICE, FORM, "sha256") == "V68WuoiqLs3KbiAPqSgPQ4ZrXNTlyQ3cd/92ZoEkhM0="
    assert sign(TOKEN, MEDIA) == "JJIU6yBTHaXtMCNUED4k8ASrcxw="


def test_a_signed_request_passes() -> None:
    check(signed(VOICE, "GTeWKj0ryRbWV+bSg7n46YGL7fg=", FORM))
    check(signed(MEDIA, "JJIU6yBTHaXtMCNUED4k8ASrcxw="))


def test_several_values_of_a_name_count_once_each_in_order() -> None:
    url, form = "https://voice.example.org/x", {"A": ["2", "1", "2"]}
    assert sign(TOKEN, url, form) == sign(TOKEN, f"{url}A1A2")
    check(signed(url, sign(TOKEN, url, form), {"A": ["1", "2"]}))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://voice.example.org/x?a=b", "https://voice.example.org:443/x?a=b"),
        ("https://voice.example.org:443/x", "https://voice.example.org/x"),
        ("https://voice.example.org:8443/x", "https://voice.example.org/x"),
        ("http://voice.example.org/x", "http://voice.example.org:80/x"),
        ("wss://voice.example.org/x", "wss://voice.example.org:443/x"),
        ("wss://voice.example.org/x", "wss://voice.example.org:80/x"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"),
    ],
)
def test_the_port_may_be_written_or_not(ours: str, theirs: str) -> None:
    check(signed(ours, sign(TOKEN, theirs)))


@pytest.mark.parametrize(
    "theirs",
    [
        "https://voice.example.org/twilio/media",
        "wss://voice.example.org/twilio/media/",
        "wss://evil.example/twilio/media",
    ],
)
def test_another_scheme_slash_or_host_is_refused(theirs: str) -> None:
    assert "not that of this request" in refused(signed(MEDIA, sign(TOKEN, theirs)))


def test_a_request_without_a_signature_is_refused() -> None:
    assert "no signature" in refused(SignedRequest(MEDIA, {}))


@pytest.mark.parametrize("given", ["", "AAAA", "JJIU6yBTHaXtMCNUED4k8ASrcxw", "é"])
def test_a_wrong_signature_is_refused(given: str) -> None:
    refused(signed(MEDIA, given))


def test_a_changed_parameter_is_refused() -> None:
    refused(signed(VOICE, "GTeWKj0ryRbWV+bSg7n46YGL7fg=", {**FORM, "From": ["+19005550100"]}))
    refused(signed(VOICE, "GTeWKj0ryRbWV+bSg7n46YGL7fg=", {**FORM, "More": [""]}))


def test_the_settings_header_names_a_key_and_a_hash() -> None:
    header = "x_twilio_webhooks_signature_settings"
    good = "V68WuoiqLs3KbiAPqSgPQ4ZrXNTlyQ3cd/92ZoEkhM0="
    check(signed(VOICE, good, FORM, **{header: "key=SK1,algorithm=HMAC_SHA256"}), {"SK1": TOKEN})
    check(signed(VOICE, good, FORM, **{header: "algorithm=HMAC_SHA256, key=SK1"}), {"SK1": TOKEN})
    assert "not configured" in refused(signed(VOICE, good, FORM, **{header: "key=SK2,algorithm=HMAC_SHA256"}))
    for algorithm in ("HMAC_SHA1", "none", ""):
        said = refused(signed(VOICE, good, FORM, **{header: f"key=SK1,algorithm={algorithm}"}), {"SK1": TOKEN})
        assert "not known" in said


def test_a_body_that_is_no_form_is_bound_by_its_hash() -> None:
    body = b'{"a":1}'
    url = f"https://voice.example.org/x?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"x-twilio-signature": sign(TOKEN, url)}
    check(SignedRequest(url, headers, None, body))
    assert "body" in refused(SignedRequest(url, headers, None, b'{"a":2}'))
    plain = "https://voice.example.org/x"
    assert "body" in refused(SignedRequest(plain, {"x-twilio-signature": sign(TOKEN, plain)}, None, body))
