"""examples/panel as it is, but for its name, port, folder and counts of a minute: all that it promises."""

import gzip
import os
import time

from site_nginx import Answer, write

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/panel/panel.yaml")
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'self'",
}


def prepare(c):
    write(c["state"] + "/panel/app.js", "let a = 1;\n" * 500)
    write(c["state"] + "/www/.well-known/panel", "known")


def documents(c):
    with open(EXAMPLE, encoding="utf-8") as f:
        text = f.read()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 40, len(lines)
    return (text.replace("panel.example.com", "panel.test")
            .replace("127.0.0.1:5000", "127.0.0.1:%(backend)d" % c)
            .replace("/srv/panel/static", c["state"] + "/panel"))


def check_headers(expect, what, answer, status):
    expect(what + " status", answer.status, status)
    for name, value in HEADERS.items():
        expect("%s %s" % (what, name), answer.one(name), value)


def test_headers_are_on_every_answer(client, c, expect):
    for path, status in [("/", 200), ("/static/app.js", 200), ("/static/none", 404), ("/.env", 404),
                         ("/fail", 500), ("/health", 200)]:
        check_headers(expect, path, client.ask("panel.test", path), status)
    big = client.ask("panel.test", "/", method="POST", headers=[("Content-Length", str(101 << 20))])
    check_headers(expect, "too large", big, 413)
    plain = client.ask("panel.test", "/a?b", tls=False)
    expect("plain", (plain.status, plain.one("Location")),
           (308, "https://panel.test:%d/a?b" % c["https"]))


def test_bodies_may_be_large(client, c, expect):
    body = b"x" * (2 << 20)
    expect("2 MiB", client.ask("panel.test", "/", method="POST", body=body).status, 200)


def test_static_files(client, c, expect):
    answer = client.ask("panel.test", "/static/app.js", headers=[("Accept-Encoding", "gzip")])
    expect("cache", answer.one("Cache-Control"), "public, max-age=31536000, immutable")
    expect("gzip", gzip.decompress(answer.body), b"let a = 1;\n" * 500)
    expect("an error is not kept", client.ask("panel.test", "/static/none").all("Cache-Control"), [])


def test_websocket(client, c, expect):
    with client.connect("panel.test", True) as sock:
        sock.sendall(b"GET /ws/ HTTP/1.1\r\nHost: panel.test\r\nUpgrade: websocket\r\n"
                     b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\nhello")
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
            if data.endswith(b"olleh"):
                break
    expect("websocket", Answer(data).status, 101)


def test_login_is_limited(client, c, expect):
    statuses = [client.ask("panel.test", "/login").status for _ in range(9)]
    expect("login", statuses, [200] * 6 + [429] * 3)
    check_headers(expect, "limited", client.ask("panel.test", "/login"), 429)


def test_api_is_limited(client, c, expect):
    """Sixty at once on one connection, so that no machine is too slow to be limited."""
    ask = b"GET /api/x HTTP/1.1\r\nHost: panel.test\r\n%s\r\n"
    begun = time.monotonic()
    with client.connect("panel.test", True) as sock:
        sock.sendall(ask % b"" * 59 + ask % b"Connection: close\r\n")
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
    passed, limited = data.count(b"HTTP/1.1 200 "), data.count(b"HTTP/1.1 429 ")
    most = 21 + int((time.monotonic() - begun) * 10) + 1
    expect("all are answered", passed + limited, 60)
    expect("burst and rate", 21 <= passed <= most, True)
    expect("not all pass", limited > 0, True)


def test_dot_files(client, c, expect):
    for path in ["/.env", "/static/.git/config", "/.git/HEAD"]:
        expect(path, client.ask("panel.test", path).status, 404)
    expect("well-known", client.ask("panel.test", "/.well-known/panel").status, 200)


def test_error_pages_speak_both_languages(client, c, expect):
    for path, status in [("/static/none", 404), ("/fail", 500)]:
        answer = client.ask("panel.test", path)
        expect("status", answer.status, status)
        expect("arabic", 'lang="ar"' in answer.body.decode(), True)
        expect("english", 'lang="en"' in answer.body.decode(), True)
        expect("type", answer.one("Content-Type").split(";")[0], "text/html")
