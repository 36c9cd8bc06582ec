from __future__ import annotations

from xml.etree import ElementTree

from duologue.bridge.ingress.twiml import connect_stream, dial, reject


def test_a_stream_is_connected_with_its_parameters() -> None:
    root = ElementTree.fromstring(
        connect_stream("wss://x/a?b&c", {"from": '+1"<2>&', "empty": "", "to": "+2"}, "https://x/status").encode()
    )
    stream = root.find("Connect/Stream")
    assert stream is not None
    assert stream.attrib == {"url": "wss://x/a?b&c", "statusCallback": "https://x/status"}
    assert [(each.get("name"), each.get("value")) for each in stream] == [("from", '+1"<2>&'), ("to", "+2")]


def test_a_parameter_is_cut_to_what_twilio_takes() -> None:
    root = ElementTree.fromstring(connect_stream("wss://x", {"name": "n" * 900}).encode())
    parameter = root.find("Connect/Stream/Parameter")
    assert parameter is not None
    assert len("name" + parameter.attrib["value"]) == 499


def test_a_call_is_rejected_or_busy() -> None:
    assert "<Response><Reject /></Response>" in reject()
    assert '<Response><Reject reason="busy" /></Response>' in reject(busy=True)


def test_a_number_is_dialled_and_a_sip_address_too() -> None:
    assert "<Dial>+1415&lt;</Dial>" in dial("+1415<")
    assert "<Dial><Sip>sip:bob@example.org</Sip></Dial>" in dial("sip:bob@example.org")


def test_signs_that_xml_does_not_have_are_left_out() -> None:
    root = ElementTree.fromstring(connect_stream("wss://x", {"name": "A\0nn\x1f\ud800a"}).encode())
    parameter = root.find("Connect/Stream/Parameter")
    assert parameter is not None
    assert parameter.attrib["value"] == "Anna"
