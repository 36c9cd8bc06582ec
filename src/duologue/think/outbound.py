"""Which addresses the server may call on behalf of a client: an allow-list, by default empty.

A client names URLs: model endpoints, tools. Each passes two questions. Does the allow-list name its host? And, once the name is
resolved, may that address be reached? Private, loopback and link-local addresses may only when the list names exactly that host or
network, so that neither a wildcard nor a name of somebody else's leads into the network behind the server.

This file decides; `pinned_client.py` resolves once, connects to the address that was judged, and follows no redirect.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

from duologue.errors import Refused, Violation

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_COATS = (
    ipaddress.IPv6Network("::/96"),  # compatible, long out of use
    ipaddress.IPv6Network("::ffff:0:0:0/96"),  # translated
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64
)
_INSIDE: tuple[Network, ...] = (
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),  # NAT64 of a site's own
    ipaddress.IPv6Network("fec0::/10"),  # site-local, out of use and still routed inside
    ipaddress.IPv6Network("5f00::/16"),  # segment routing
)
"""Not public, whatever the library's version knows of them."""

_REMEDY = "add it to the outbound allow-list of the server's configuration"


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """One entry of the allow-list.

    Written as `api.example.com`, `*.example.com`, `*` (any public host), `10.1.0.0/16`, or with scheme and port,
    `http://127.0.0.1:8080`. Without a scheme only https is meant, without a port any port.
    """

    host: str
    scheme: str = "https"
    port: int | None = None
    network: Network | None = None

    @classmethod
    def parse(cls, text: str) -> OutboundRule:
        """Raises `Violation("outbound_rule")` for what is none of the forms above."""
        if "://" not in text:
            network = _network(text)
            # Inside a named network plain http is the rule rather than the exception.
            return cls(text.lower(), "any", None, network) if network else cls(_checked(text))
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise _bad_rule(text) from error
        if parts.scheme not in ("http", "https") or parts.path not in ("", "/") or not host:
            raise _bad_rule(text)
        return cls(_checked(host) if not _network(host) else host, parts.scheme, port, _network(host))

    def names(self, scheme: str, host: str, port: int) -> bool:
        """The rule allows this host, before its name is resolved."""
        if self.scheme not in ("any", scheme) or self.port not in (None, port):
            return False
        address = _network(host)
        if self.network is not None:
            return address is not None and _contains(self.network, address)
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return self.host in ("*", host)

    def trusts(self, destination: Destination, address: Network) -> bool:
        """The rule names this very host or network, with this scheme and port, so that a private address is meant."""
        if self.scheme not in ("any", destination.scheme) or self.port not in (None, destination.port):
            return False
        if self.network is not None:
            return _contains(self.network, address)
        return self.host == destination.host


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that passed the first question."""

    url: str
    host: str
    port: int
    scheme: str


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """The allow-list. Empty, it permits nothing."""

    rules: tuple[OutboundRule, ...] = field(default=())

    @classmethod
    def parse(cls, entries: Sequence[str]) -> OutboundRules:
        """From the configuration. Raises `Violation("outbound_rule")`."""
        return cls(tuple(OutboundRule.parse(entry) for entry in entries))

    def judge(self, url: str) -> Destination:
        """The destination of a permitted URL. Raises `Refused("outbound")` otherwise; the text never holds path or query."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
        except ValueError as error:
            raise Refused("outbound", "the URL cannot be read") from error
        if parts.scheme not in ("http", "https") or not host:
            raise Refused("outbound", "the URL must begin with https:// (or http:// where the configuration says so)")
        if parts.username is not None or parts.password is not None:
            raise Refused("outbound", "the URL must not hold a user name or password; send a header instead")
        port = port or (443 if parts.scheme == "https" else 80)
        if not any(rule.names(parts.scheme, host, port) for rule in self.rules):
            raise Refused("outbound", f"{parts.scheme}://{host}:{port} is not permitted; {_REMEDY}")
        return Destination(url, host, port, parts.scheme)

    def choose(self, destination: Destination, addresses: Sequence[str]) -> str:
        """The address to connect to, of those the name resolved to. Raises `Refused("outbound")` when none may be reached.

        One forbidden address among permitted ones is skipped, never fallen back to.
        """
        for text in addresses:
            address = _network(text.partition("%")[0])
            if address is None:
                continue
            if _is_public(address) or any(rule.trusts(destination, address) for rule in self.rules):
                return text
        raise Refused("outbound", f"{destination.host} has no address that may be reached from here; {_REMEDY}")


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _contains(network: Network, address: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(address, ipaddress.IPv4Network) and address.subnet_of(network)
    return isinstance(address, ipaddress.IPv6Network) and address.subnet_of(network)


def _is_public(network: Network) -> bool:
    address = network.network_address
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in an IPv6 coat is judged by what it wraps.
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and any(address in coat for coat in _COATS):
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            address = embedded
    return address.is_global and not address.is_multicast and not any(address in inside for inside in _INSIDE)


def _checked(host: str) -> str:
    name = host.lower()
    plain = name.removeprefix("*.") if name != "*" else "any"
    if not plain or "*" in plain or any(char in plain for char in "/:?#@ "):
        raise _bad_rule(host)
    return name


def _bad_rule(text: str) -> Violation:
    return Violation(
        "outbound_rule",
        f"{text!r} is no outbound rule",
        path="outbound.allow",
        expected="a host, *.domain, *, a network such as 10.0.0.0/8, or scheme://host:port",
    )
