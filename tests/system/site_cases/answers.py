"""What becomes of programs' answers: those that are kept, their cookies, redirects, character sets."""

import http.server
import time

from site_nginx import Server, serve, write


class Counting(http.server.BaseHTTPRequestHandler):
    """Says how often it was asked; some paths say more."""
    protocol_version = "HTTP/1.1"
    asked = 0

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        type(self).asked += 1
        path = self.path.split("?")[0]
        status = 404 if path.endswith("/absent") else 302 if path.endswith("/moved") else 200
        body = b"answer %d" % self.asked
        if path.endswith("/failing") and Counting.fails:
            status, body = 500, b"failed"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if path.endswith("/private"):
            self.send_header("Cache-Control", "private")
        if path.endswith("/brief"):
            self.send_header("Cache-Control", "max-age=1")
        if path.endswith("/cookie"):
            self.send_header("Set-Cookie", "a=1; Path=/; Domain=backend.internal")
        if path.endswith("/moved"):
            self.send_header("Location", "http://backend.internal/there" if "other" in path else "/there")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_HEAD = do_GET


Counting.fails = False


def prepare(c):
    c["counting"] = serve(Server(("127.0.0.1", 0), Counting)).server_port
    write(c["state"] + "/www/text.txt", "text")


def documents(c):
    return """
sites:
  kept.test:
    hosts: [kept.test, also-kept.test]
    proxy: 127.0.0.1:%(counting)d
    response_cache:
      age: {200: 10m, 404: 10m}
      bypass: {cookies: [session, "logged_in_*"], queries: [preview], headers: [X-Fresh]}
      status_header: true
    paths:
      /never/: {response_cache: false}
      /again/: {response_cache: {age: 1s, status_header: true}}
      /strict/: {response_cache: {age: 1s, stale: false}}
      /cgi/: {fastcgi: 127.0.0.1:%(fastcgi)d}
  changed.test:
    proxy: 127.0.0.1:%(counting)d
    charset: utf-8
    cookies: {paths: {/: /app/}, domains: {backend.internal: changed.test}}
    redirects: {/: /app/, "http://backend.internal/": /elsewhere/}
    paths:
      /plain/: {charset: off, root: %(state)s/www, strip_prefix: true}
      /texts/: {root: %(state)s/www, strip_prefix: true}
%(flags)s""" % dict(c, flags="" if c["version"] < 1019003 else """
      /flags/:
        proxy: 127.0.0.1:%(counting)d
        cookies: {secure: true, http_only: true, same_site: lax}
""" % c)


def test_answers_are_kept(client, c, expect):
    def same(what, wanted, path, host="kept.test", **asked):
        first = client.ask("kept.test", path)
        second = client.ask(host, path, **asked)
        expect(what, (first.body == second.body, second.one("X-Cache-Status")), wanted)
    same("kept", (True, "HIT"), "/a")
    same("an error", (True, "HIT"), "/absent")
    same("another host", (False, "MISS"), "/b", host="also-kept.test")
    same("a cookie", (False, "BYPASS"), "/c", headers=[("Cookie", "x=1; session=2")])
    same("beginning of a cookie", (False, "BYPASS"), "/d", headers=[("Cookie", "logged_in_7=2")])
    same("another cookie", (True, "HIT"), "/e", headers=[("Cookie", "xsession=1; sessions=2")])
    same("a header", (False, "BYPASS"), "/f", headers=[("X-Fresh", "yes")])
    same("a websocket", (False, "BYPASS"), "/w", headers=[("Upgrade", "websocket")])
    same("authorization", (False, "BYPASS"), "/g", headers=[("Authorization", "Basic x")])
    same("not kept for others", (True, "HIT"), "/g")
    same("POST", (False, []), "/h", method="POST", body=b"x")
    same("private", (False, "MISS"), "/private")
    same("sets a cookie", (False, "MISS"), "/cookie")
    expect("query", client.ask("kept.test", "/a?x=1&preview=1").one("X-Cache-Status"), "BYPASS")
    expect("another query", client.ask("kept.test", "/a?previews=1").one("X-Cache-Status"), "MISS")
    expect("never", client.ask("kept.test", "/never/a").body ==
           client.ask("kept.test", "/never/a").body, False)
    expect("ours", client.ask("kept.test", "/a").one("X-Content-Type-Options"), "nosniff")
    answers = [client.ask("kept.test", "/cgi/x").one("X-Cache-Status") for _ in range(2)]
    expect("FastCGI", answers, ["MISS", "HIT"])


def test_old_answers(client, c, expect):
    first = [client.ask("kept.test", path + "failing").body for path in ["/again/", "/strict/"]]
    Counting.fails = True
    time.sleep(2.1)
    answer = client.ask("kept.test", "/again/failing")
    expect("old rather than none", (answer.status, answer.body, answer.one("X-Cache-Status")),
           (200, first[0], "STALE"))
    expect("not where it shall not", client.ask("kept.test", "/strict/failing").status, 500)
    Counting.fails = False


def test_cookies_and_redirects(client, c, expect):
    expect("cookie", client.ask("changed.test", "/cookie").one("Set-Cookie"),
           "a=1; Path=/app/; Domain=changed.test")
    if c["version"] >= 1019003:
        expect("flags", client.ask("changed.test", "/flags/cookie").one("Set-Cookie"),
               "a=1; Path=/; Domain=backend.internal; Secure; HttpOnly; SameSite=Lax")
    expect("redirect", client.ask("changed.test", "/moved").one("Location"), "/app/there")
    expect("elsewhere", client.ask("changed.test", "/other/moved").one("Location"),
           "/elsewhere/there")


def test_character_sets(client, c, expect):
    expect("site", client.ask("changed.test", "/texts/text.txt").one("Content-Type"),
           "text/plain; charset=utf-8")
    expect("off", client.ask("changed.test", "/plain/text.txt").one("Content-Type"), "text/plain")
