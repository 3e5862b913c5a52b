"""The address of a dispatch service: what is taken, and what people are told about everything else."""

import pytest

from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:18080", "http://127.0.0.1:18080"),
        (" https://dispatch.example.com/ ", "https://dispatch.example.com"),
        ("HTTPS://Dispatch.Example.com/", "https://Dispatch.Example.com"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8080/base/path/", "http://[::1]:8080/base/path"),
        ("http://my_host-1:65535", "http://my_host-1:65535"),
        ("http://bücher.example", "http://bücher.example"),
        ("http://host.", "http://host."),
    ],
)
def test_what_is_taken(text: str, url: str) -> None:
    assert parse_dispatch_url(text) == url


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("127.0.0.1:18080", "write http://127.0.0.1:18080"),
        ("localhost:18080", "write http://localhost:18080"),
        ("dispatch.example.com/base", "write http://dispatch.example.com/base"),
        ("//dispatch.example.com", "is no URL like https://"),
        ("dispatch", "is no URL like https://"),
        ("ws://127.0.0.1:1", "http://127.0.0.1:1"),
        ("wss://x", "https://x"),
        ("ftp://x", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("http:/x.example", "has no scheme; write http://x.example"),
        ("https//x.example", "has no scheme; write https://x.example"),
        ("https:x.example", "has no scheme; write https://x.example"),
        ("http：//x.example", "has the full-width mark ： where a URL has :"),
        ("“http://x.example”", 'has the full-width mark “ where a URL has "'),
        ("mqtt://127.0.0.1:1883", "a broker's scheme; the dispatch service is asked first: http://127.0.0.1:1883"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://:8080", "names no host"),
        ("http://[::1", "IPv6 address between its brackets"),
        ("http://[nonsense]:80", "IPv6 address between its brackets"),
        ("http://[]:80", "IPv6 address between its brackets"),
        ("http://[::1]x:80", "IPv6 address between its brackets"),
        ("http://x[::1]:80", "IPv6 address between its brackets"),
        ("http://::1:8080", "stands in brackets"),
        ("http://a..b", "names no valid host"),
        ("http://-a", "names no valid host"),
        ("http://.", "names no valid host"),
        (f"http://{'a' * 64}", "names no valid host"),
        (f"http://{'.'.join(['a' * 60] * 5)}", "names no valid host"),
        ("http://999.1.1.1", "no valid IPv4 address"),
        ("http://1.2.3", "no valid IPv4 address"),
        ("http://x:0", "port that is no number from 1 to 65535"),
        ("http://x:65536", "port that is no number from 1 to 65535"),
        ("http://x:abc", "port that is no number from 1 to 65535"),
        ("http://x:", "port that is no number from 1 to 65535"),
        ("http://x:-1", "port that is no number from 1 to 65535"),
        ("http://x/a?b=c", "give what precedes /v3/device/getBrokerServer: http://x/a"),
        ("http://x?", "give what precedes /v3/device/getBrokerServer: http://x"),
        ("http://x/#top", "give what precedes /v3/device/getBrokerServer: http://x"),
        ("http://x/v3/device/getBrokerServer", "give what precedes /v3/device/getBrokerServer: http://x"),
        ("http://x y", "holds characters that no URL may have"),
        ("http://x\n.example", "holds characters that no URL may have"),
        ("http://x\\y", "holds characters that no URL may have"),
        ("http://<script>", "holds characters that no URL may have"),
    ],
)
def test_what_is_refused_and_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(DispatchUrlError) as caught:
        parse_dispatch_url(text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:hunter2@x",
        "http://me:hunter2@x:99999",
        "me:hunter2@x.example:80",
        "ftp://me:hunter2@x",
        "ws://me:hunter2@x",
        "http://me:hunter2@x y",
        "http://me:hunter2@[::1",
    ],
)
def test_a_password_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(DispatchUrlError) as caught:
        parse_dispatch_url(text)
    assert "hunter2" not in str(caught.value)


def test_a_long_text_is_cut() -> None:
    with pytest.raises(DispatchUrlError) as caught:
        parse_dispatch_url("ftp://" + "x" * 5000)
    assert len(str(caught.value)) < 400
