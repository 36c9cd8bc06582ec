"""Certificates."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from duologue.errors import Violation
from duologue.server.tls import LIFETIME_DAYS, own_certificate, read_certificate

NOW = 1_800_000_000.0
DAY = 86_400.0


def test_a_certificate_is_made_once_and_kept(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, ("voice.test",), NOW)
    assert own_certificate(tmp_path, ("voice.test",), NOW + DAY) == first
    assert first.key.stat().st_mode & 0o077 == 0
    assert len(first.fingerprint.split(":")) == 32


def test_it_names_this_machine_whatever_else(tmp_path: Path) -> None:
    made = own_certificate(tmp_path, ("voice.test", "10.0.0.7"), NOW)
    parsed = x509.load_pem_x509_certificate(made.cert.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["voice.test", "localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7", "127.0.0.1", "::1"]
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_is_made_anew_for_new_names_and_before_it_ends(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, (), NOW)
    second = own_certificate(tmp_path, ("new.test",), NOW)
    third = own_certificate(tmp_path, ("new.test",), NOW + (LIFETIME_DAYS - 10) * DAY)
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3


def test_a_broken_one_is_replaced(tmp_path: Path) -> None:
    made = own_certificate(tmp_path, (), NOW)
    made.cert.write_text("nonsense", encoding="utf-8")
    assert own_certificate(tmp_path, (), NOW).fingerprint != made.fingerprint


def test_a_server_can_be_started_with_it(tmp_path: Path) -> None:
    made = own_certificate(tmp_path, (), NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.cert, made.key)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = own_certificate(tmp_path / "1", (), NOW), own_certificate(tmp_path / "2", (), NOW)
    with pytest.raises(Violation, match="is not the key of"):
        read_certificate(one.cert, other.key)
    with pytest.raises(Violation, match="is not PEM"):
        read_certificate(one.key, one.cert)
    with pytest.raises(Violation, match=r"cannot read .*none"):
        read_certificate(tmp_path / "none", one.key)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Violation, match="cannot write"):
        own_certificate(tmp_path / "file" / "tls", (), NOW)
