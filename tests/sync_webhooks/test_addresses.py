"""No webhook reaches into a private network, whatever the address looks like and whatever a name turns into."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from common.outbound import addresses
from common.outbound.addresses import AddressError, is_public, resolve
from common.outbound.http import KEPT_BYTES, Sender
from sync.webhooks.services import check_url

PRIVATE_V4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "192.0.2.0/24", "168.63.129.16/32"),
]
PRIVATE_V6 = [
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001:db8::/32",
    "100::/64",
]
PRIVATE_V6 += ["2001::/32", "64:ff9b:1::/48"]


def inside(networks):
    """Any address of any of the networks."""
    found = [IPv4Network(text) if "." in text else IPv6Network(text) for text in networks]
    return st.sampled_from(found).flatmap(lambda network: st.ip_addresses(network=network))


def carried(address, way):
    """An IPv6 address that leads to an IPv4 one."""
    number = int(address)
    return {
        "mapped": IPv6Address(0xFFFF << 32 | number),
        "compatible": IPv6Address(number),
        "6to4": IPv6Address(0x2002 << 112 | number << 80 | 1),
        "nat64": IPv6Address(0x64FF9B << 96 | number),
    }[way]


@given(inside(PRIVATE_V4 + PRIVATE_V6))
def test_private_addresses_are_private(address):
    assert not is_public(address)


@given(inside(PRIVATE_V4), st.sampled_from(["mapped", "compatible", "6to4", "nat64"]))
def test_a_private_address_inside_another_is_found(address, way):
    assert not is_public(carried(address, way))


@given(st.ip_addresses(v=4))
def test_whatever_the_registry_calls_not_global_is_closed(address):
    assert not is_public(address) or address.is_global


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_open(address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81c::200e"]
)
def test_public_addresses_are_open(text):
    assert is_public(ip_address(text))


def test_the_metadata_services_of_the_clouds_are_closed():
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"):
        assert not is_public(ip_address(text)), text
    assert not is_public(IPv6Address("fe80::1%eth0"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "::1", "localhost", "0"]
)
def test_other_ways_of_writing_loopback_are_found(host):
    with pytest.raises(AddressError, match="private"):
        resolve(host, 443, allow_private=False)
    assert resolve(host, 443, allow_private=True)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    found = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressError, match=r"10\.0\.0\.7"):
        resolve("two.example", 443, allow_private=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://1.1.1.1/", "https"),
        ("https://", "https"),
        ("ftp://1.1.1.1/", "https"),
        ("https://user:word@1.1.1.1/", "name and password"),
        ("https://127.0.0.1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://no-such-name.invalid/", "no address"),
        ("https://1.1.1.1:99999/", "address"),
        ("hooks", "https"),
        ("https://a\x00b/", "address"),
        ("https://[bad/", "address"),
        ("https://xn--/", "no address"),
        ("https://xn--ls8h.example/", "no address"),
        ("https://" + "a" * 300 + ".example/", "address"),
        ("", "https"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused_with_the_reason(url, why):
    with pytest.raises(ValidationError, match=why):
        check_url(url)


def test_a_public_address_is_taken_without_its_fragment():
    assert check_url(" https://1.1.1.1:8443/hooks?a=1#top ") == "https://1.1.1.1:8443/hooks?a=1"


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text):
    with contextlib.suppress(ValidationError):
        check_url(f"https://{text}")


def test_a_name_that_turns_private_after_the_check_is_not_followed(monkeypatch, receiver):
    """The attempt asks once and connects to what it checked: there is no second answer to wait for."""
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    answers = iter(["1.1.1.1", "127.0.0.1", "127.0.0.1"])
    asked = []

    def rebinding(host, port, **options):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected = []
    monkeypatch.setattr(addresses.socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(
        "httpcore.SyncBackend.connect_tcp",
        lambda self, host, *_, **__: connected.append(host) or (_ for _ in ()).throw(ConnectionError()),
    )
    with Sender(allow_private=False) as sender, pytest.raises(ConnectionError):
        sender.post(f"http://rebind.example:{port}/", b"{}", {})
    assert asked == ["rebind.example"]
    assert connected == ["1.1.1.1"]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda host, port, **_: rebinding(host, port))
    with Sender(allow_private=False) as sender:
        answer = sender.post(f"http://rebind.example:{port}/", b"{}", {})
    assert "private" in answer.error
    assert receiver.calls == []


def test_an_attempt_never_reaches_a_private_address(receiver):
    with Sender(allow_private=False) as sender:
        answer = sender.post(receiver.url, b"{}", {})
    assert "private" in answer.error
    assert answer.status is None
    assert receiver.calls == []


def test_a_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Sender(allow_private=True) as sender:
        assert sender.post(receiver.url, b"{}", {}).status == 204


@pytest.mark.parametrize(
    "drip", [b"H", b"HTTP/1.1 200 OK\r\nX-A: a", b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"]
)
def test_no_drip_of_bytes_outlasts_the_attempt(drip):
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        held, _ = listener.accept()
        held.sendall(drip)
        while not over.wait(0.05):
            try:
                held.sendall(b"x")
            except OSError:
                break
        held.close()

    thread = threading.Thread(target=serve)
    thread.start()
    began = time.monotonic()
    with Sender(allow_private=True, seconds=0.5) as sender:
        answer = sender.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})
    assert time.monotonic() - began < 2
    assert answer.error == "No answer in time."
    over.set()
    thread.join()
    listener.close()


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_nonsense_is_a_failure_and_no_crash(reply):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        held, _ = listener.accept()
        held.recv(4096)
        held.sendall(reply)
        held.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with Sender(allow_private=True, seconds=2) as sender:
        answer = sender.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})
    assert answer.error
    assert not answer.is_success
    thread.join()
    listener.close()


def test_a_long_answer_is_cut(receiver):
    with Sender(allow_private=True) as sender:
        receiver.answer = lambda call: 500
        receiver.reply = b"no\x00" + b"x" * 1_000_000
        answer = sender.post(receiver.url, b"{}", {})
    assert answer.status == 500
    assert answer.body == "no\ufffd" + "x" * (KEPT_BYTES - 3)


def test_addresses_outside_the_global_unicast_block_are_closed():
    assert not is_public(IPv6Address("4000::1"))
    assert not is_public(IPv4Address("255.255.255.255"))
