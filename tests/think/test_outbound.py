"""What the server may call for a client: an allow-list of names, then of addresses."""

from __future__ import annotations

import pytest

from duologue.errors import Refused, Violation
from duologue.think.outbound import OutboundRules

PUBLIC, PRIVATE, LOOPBACK, METADATA = "93.184.216.34", "10.1.2.3", "127.0.0.1", "169.254.169.254"


def permitted(entries: list[str], url: str, *addresses: str) -> str:
    rules = OutboundRules.parse(entries)
    return rules.choose(rules.judge(url), addresses or (PUBLIC,))


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("api.example.com", "https://api.example.com/v1?key=k"),
        ("API.example.com", "https://api.EXAMPLE.com./v1"),
        ("*.example.com", "https://deep.api.example.com/"),
        ("*", "https://anything.example.org:8443/"),
        ("https://api.example.com:8443", "https://api.example.com:8443/"),
        ("http://api.example.com", "http://api.example.com:81/"),
    ],
)
def test_a_listed_host_is_permitted(entry: str, url: str) -> None:
    assert permitted([entry], url) == PUBLIC


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("api.example.com", "http://api.example.com/"),
        ("api.example.com", "https://api.example.com.evil.org/"),
        ("*.example.com", "https://example.com/"),
        ("*.example.com", "https://evilexample.com/"),
        ("https://api.example.com:8443", "https://api.example.com/"),
        ("api.example.com", "https://user:pass@api.example.com/"),
        ("api.example.com", "ftp://api.example.com/"),
        ("api.example.com", "file:///etc/passwd"),
        ("api.example.com", "https://[oops/"),
        ("api.example.com", ""),
        ("*", "http://example.com/"),
    ],
)
def test_what_is_not_listed_is_refused(entry: str, url: str) -> None:
    with pytest.raises(Refused):
        permitted([entry], url)


def test_an_empty_list_permits_nothing_and_says_what_to_do() -> None:
    with pytest.raises(
        Refused, match=r"https://api.example.com:443 is not permitted; add it to the outbound allow-list"
    ) as refusal:
        permitted([], "https://api.example.com/v1/secret?key=k")
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize(
    "address",
    [PRIVATE, LOOPBACK, METADATA, "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0",
     "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense", "::127.0.0.1", "::ffff:0:127.0.0.1",
     "64:ff9b:1::7f00:1", "fec0::1", "192.0.0.8", "5f00::1", "::", "255.255.255.255", "2001:0:7f00:1::"],
)  # fmt: skip
def test_a_wildcard_never_leads_inside(address: str) -> None:
    for entry in ("*", "*.example.com"):
        with pytest.raises(Refused, match="no address that may be reached"):
            permitted([entry], "https://api.example.com/", address)


def test_an_inside_address_is_reached_where_the_list_means_it() -> None:
    assert permitted(["tools.internal"], "https://tools.internal/", PRIVATE) == PRIVATE
    assert permitted(["http://localhost:8080"], "http://localhost:8080/x", LOOPBACK) == LOOPBACK
    assert permitted(["http://127.0.0.1:8080"], "http://127.0.0.1:8080/x", LOOPBACK) == LOOPBACK
    assert permitted(["10.0.0.0/8"], "http://10.1.2.3:9000/", PRIVATE) == PRIVATE
    assert permitted(["http://[::1]:9000"], "http://[::1]:9000/", "::1") == "::1"


def test_a_network_is_trusted_for_names_that_are_listed_too() -> None:
    assert permitted(["*.corp.example", "10.0.0.0/8"], "https://a.corp.example/", PRIVATE) == PRIVATE
    with pytest.raises(Refused):
        permitted(["10.0.0.0/8"], "https://a.corp.example/", PRIVATE)


def test_a_forbidden_address_among_permitted_ones_is_skipped() -> None:
    assert permitted(["*"], "https://api.example.com/", METADATA, PUBLIC) == PUBLIC


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://evil.example/", "https://evil.example:22/", "https://127.1:9/"]
)
def test_a_wildcard_beside_a_listed_inside_service_leads_to_no_other_service_there(url: str) -> None:
    with pytest.raises(Refused, match="no address that may be reached"):
        permitted(["*", "http://127.0.0.1:9"], url, LOOPBACK)


def test_another_port_of_a_listed_inside_host_is_not_meant() -> None:
    with pytest.raises(Refused):
        permitted(["http://127.0.0.1:8080"], "http://127.0.0.1:22/", LOOPBACK)


@pytest.mark.parametrize(
    "entry", ["", "a b", "*.*.com", "a*.com", "ftp://x", "https://x/path", "https://", "x:99999", "http://x:99999"]
)
def test_a_bad_entry_is_a_mistake_of_the_configuration(entry: str) -> None:
    with pytest.raises(Violation, match=r"outbound\.allow"):
        OutboundRules.parse([entry])
