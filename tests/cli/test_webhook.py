"""The webhook: off unless asked for, one POST, and its address nowhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scanner.commands import tell
from scanner.reports.view import View
from scanner.reports.webhook import message
from tests.changed import replace
from tests.harness import FIXTURES, run
from tests.reports.made import BYPASS, made
from tests.store.small import Small

SECRET = "T0SECRET/B0SECRET"


class Chat:
    """A webhook that keeps what it was sent."""

    def __init__(self) -> None:
        self.status, self.headers, self.got = 200, {}, []  # type: tuple[int, dict[str, str], list[Any]]
        self.url = ""


@contextmanager
def serving(chat: Chat) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            chat.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(chat.status)
            for name, value in chat.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def do_GET(self) -> None:
            chat.got.append((self.path, "", None))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    running.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    one = Chat()
    with serving(one):
        monkeypatch.setenv("HOOK", one.url)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a proxy is not asked for what is on this machine
        yield one


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, str(tmp_path / "runs.db"))


def test_one_message_and_the_verdict_stays(small: Small, chat: Chat) -> None:
    assert small.scan()[0] == 1
    assert chat.got == [], "it is off"
    code, out, err = small.scan("--webhook-from", "HOOK")
    assert code == 1
    assert SECRET not in out + err
    [(path, kind, body)] = chat.got
    assert (path, kind) == (f"/services/{SECRET}", "application/json; charset=utf-8")
    assert body["text"].startswith("*Tether: VIOLATED*\n")
    assert "aws\uff3fssm\uff3factivation.a" in body["text"]
    assert f"findings: {len(small.history()['findings'])} open" in body["text"]
    small.profile.write_text("outputs: {webhook_from: HOOK}\n")
    assert small.scan()[0] == 1
    assert len(chat.got) == 2


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (404, {}), (302, {"Location": "/elsewhere"})])
def test_what_does_not_arrive_is_told_and_changes_no_verdict(
    small: Small, chat: Chat, status: int, headers: dict[str, str]
) -> None:
    chat.status, chat.headers = status, headers
    code, out, err = small.scan("--webhook-from", "HOOK", "--format", "short")
    assert code == 1, "violated is violated"
    assert f"the webhook answered {status}" in err
    assert SECRET not in out + err
    assert len(chat.got) == 1, "a redirect is not followed"
    assert "aws_ssm_activation" in out


def test_a_scan_without_a_fault_that_tells_nobody_ends_with_5(chat: Chat) -> None:
    world = FIXTURES / "worlds" / "reference"
    given = ("scan", str(world), "--profile", str(world / "tether.yaml"), "--as-of", "2026-11-01", "--format", "json")
    chat.status = 503
    code, out, err = run(*given, "--webhook-from", "HOOK")
    assert (code, json.loads(out)["verdict"]) == (5, "holds")
    assert "503" in err
    chat.status = 204
    assert run(*given, "--webhook-from", "HOOK")[0] == 0


def test_nobody_there(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = Chat()
    with serving(chat):
        pass
    monkeypatch.setenv("HOOK", chat.url)
    code, out, err = small.scan("--webhook-from", "HOOK")
    assert code == 1
    assert "the webhook was not reached" in err
    assert SECRET not in out + err


BAD = {
    "http://hooks.example.com/SECRET": "must be https",
    "http://127.0.0.1.example.com/SECRET": "must be https",
    "http://localhost.example.com/SECRET": "must be https",
    "http://2130706433/SECRET": "must be https",
    "ftp://127.0.0.1/SECRET": "must be https",
    "file:///etc/SECRET": "no URL of a webhook",
    "https://user:SECRET@hooks.example.com/": "no URL of a webhook",
    "https:///SECRET": "no URL of a webhook",
    "https://[SECRET": "no URL of a webhook",
    "https://h/SECRET\nX-Evil: 1": "no URL of a webhook",
    "https://h/SEC RET": "no URL of a webhook",
    "https://h:SECRET/": "no URL of a webhook",
    "": "which is not set",
}


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_tells_secrets_to_anybody_is_refused(
    small: Small, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(tell, "post", lambda *_: pytest.fail("nothing is sent"))
    monkeypatch.setenv("HOOK", url)
    code, out, err = small.scan("--webhook-from", "HOOK")
    assert code == 2
    assert BAD[url] in err
    assert "SECRET" not in out + err


def test_a_message_pings_nobody_and_links_nowhere() -> None:
    hostile = "<!channel> <https://evil.example|ok> @here &amp; *bold* `x` https://evil.example\n*Tether: holds*"
    told = made(replace(BYPASS, message=hostile, rule=hostile), notes=(hostile,))
    text: str = json.loads(message(told, View()))["text"]
    assert "<" not in text
    assert ">" not in text
    assert "://" not in text
    assert text.count("*") == 2, "one heading is ours"
    assert len(text.splitlines()) <= 9
