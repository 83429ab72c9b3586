"""Web domains have one form, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.identity.domains import normalise_domain

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda label: label != "www" and label[2:4] != "--"
)
HOSTS = st.builds(
    lambda labels, top: ".".join([*labels, top]),
    st.lists(LABELS, min_size=1, max_size=3),
    st.sampled_from(["com", "de", "co.uk", "example", "xn--p1ai"]),
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://www.Example.com:443/x?y#z", "example.com"),
        ("example.com.", "example.com"),
        ("www.www.example.com", "example.com"),
        ("www.com", "www.com"),
        ("someone@example.com", "example.com"),
        ("http://user:secret@example.com/", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("пример。рф", "xn--e1afmkfd.xn--p1ai"),
        ("www.bücher.example.", "xn--bcher-kva.example"),
        ("  EXAMPLE.co.uk \n", "example.co.uk"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_a_domain_is_kept_in_one_form(written: str, kept: str) -> None:
    assert normalise_domain(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "localhost",
        "10.0.0.10",
        "[::1]",
        "exa mple.com",
        "-a.com",
        "a-.com",
        f"{'a' * 64}.com",
        "a..b.com",
        "a.b-",
        "é" * 300,
    ],
)
def test_what_is_no_web_domain_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no web domain"):
        normalise_domain(written)


@given(
    host=HOSTS,
    scheme=st.sampled_from(["", "http://", "HTTPS://"]),
    www=st.sampled_from(["", "www.", "WWW."]),
    port=st.sampled_from(["", ":80", ":8443"]),
    dot=st.sampled_from(["", "."]),
    rest=st.sampled_from(["", "/", "/path?q=1", "#part"]),
    upper=st.booleans(),
)
def test_scheme_www_port_dot_path_and_case_make_no_difference(
    host: str, scheme: str, www: str, port: str, dot: str, rest: str, upper: bool
) -> None:
    name = host.upper() if upper else host
    assert normalise_domain(f"{scheme}{www}{name}{dot}{port}{rest}") == host


@given(
    st.one_of(st.text(), HOSTS, st.builds("{}.{}".format, st.text(min_size=1, max_size=12), st.just("com")))
)
def test_normalising_again_changes_nothing_and_only_a_value_error_is_raised(written: str) -> None:
    try:
        once = normalise_domain(written)
    except ValueError:
        return
    assert normalise_domain(once) == once
    assert once.isascii()
    assert once == once.lower()
    assert not once.startswith("www.") or once.count(".") == 1
