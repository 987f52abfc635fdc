"""Requests that are answered in another way than the rest."""

import os

from site_nginx import write


def prepare(c):
    c["when_flag"] = c["state"] + "/when/under repair"
    write(c["state"] + "/when/files/a", "file")


def documents(c):
    return """
sites:
  when.test:
    proxy: 127.0.0.1:%(backend)d
    hosts: [when.test, "*.when.test"]
    headers: {X-Site: site}
    when:
      - file_exists: "%(when_flag)s"
        not: {path: ^/healthz$}
        respond: {status: 503, body: "back; {$host}\\"", type: text/html}
      - {method: TRACE, respond: 405}
      - {method: [DELETE, PUT], respond: {status: 403, body: "no"}}
      - {path: "^/shop/((?s:.*))$", query: {lang: "^(ar|fa)$"}, redirect: /ar/$1}
      - {host: "*.when.test", path: ^/hosted, redirect: "https://when.test"}
      - {referer: others, path: "\\\\.png$", respond: 403}
      - {referer: none, path: ^/led$, respond: 404}
      - {user_agent: "bad;{bot}", respond: 444}
      - {remote: 127.0.0.0/8, path: ^/near$, respond: {status: 200, body: near}}
      - {not: {remote: 127.0.0.0/8}, path: ^/far$, respond: {status: 200, body: far}}
      - {scheme: http, respond: 500}
      - {header: {X-Go: ^to$}, cookie: {who: "^me$"}, rewrite: /went}
      - {query: {once: .}, rewrite: "/again?once=2&"}
    paths:
      /api/:
        headers: {X-Api: api}
        when:
          - {method: PUT, path: ^/api/own$, respond: {status: 200, body: own}}
          - {path: "^/api/1/(.*)$", rewrite: /api/2/$1}
          - {path: ^/api/2/out$, rewrite: /elsewhere}
      /files/: {root: "%(state)s/when/files", strip_prefix: true}
      /shut/: {deny: all}
      /fixed: {respond: {status: 200, body: fixed}}
""" % c


def test_conditions(client, c, expect):
    def status(path, method="GET", headers=(), host="when.test", **asked):
        return client.ask(host, path, method=method, headers=list(headers.items()) if headers else (),
                          sni="when.test", **asked).status

    for what, got, wanted in [
            ("nothing holds", status("/"), 200),
            ("method", status("/x", "DELETE"), 403),
            ("method of files", status("/files/a", "PUT"), 403),
            ("before a fixed answer", status("/fixed", "PUT"), 403),
            ("other method", status("/files/a"), 200),
            ("query", status("/shop/a?lang=ar"), 308),
            ("other query", status("/shop/a?lang=arc&a=lang=ar"), 200),
            ("host", status("/hosted", host="a.when.test"), 308),
            ("other host", status("/hosted"), 200),
            ("another page", status("/a.png", headers={"Referer": "https://evil.test/when.test"}), 403),
            ("a similar name", status("/a.png", headers={"Referer": "https://when.test.evil/"}), 403),
            ("own page", status("/a.png", headers={"Referer": "https://when.test:8443/x"}), 200),
            ("own page of a star", status("/a.png", headers={"Referer": "https://b.when.test"}), 200),
            ("no page", status("/a.png"), 200),
            ("led by none", status("/led"), 404),
            ("led", status("/led", headers={"Referer": "x"}), 200),
            ("client", status("/", headers={"User-Agent": "a BAD;{bot} b"}), 0),
            ("before rules of access", status("/shut/", "PUT"), 403),
            ("rules of access", status("/shut/"), 403)]:
        expect(what, got, wanted)
    expect("near", client.ask("when.test", "/near").body, b"near")
    expect("far", client.ask("when.test", "/far").status, 200)


def test_answers(client, c, expect):
    answer = client.ask("when.test", "/x", method="DELETE")
    expect("body", (answer.body, answer.one("Content-Type")), (b"no", "text/plain"))
    expect("headers", answer.one("X-Site"), "site")
    answer = client.ask("when.test", "/shop/a%0d%0aX-Evil:1?lang=ar")
    expect("redirect", answer.one("Location"), "/ar/a%0D%0AX-Evil:1")
    expect("headers of a redirect", answer.one("X-Frame-Options"), "SAMEORIGIN")
    answer = client.ask("a.when.test", "/hosted?a", sni="when.test")
    expect("path is kept", answer.one("Location"), "https://when.test/hosted?a")
    expect("not by clients", client.ask("when.test", "/.when_0_2").status, 404)


def test_rewrites(client, c, expect):
    go = [("X-Go", "to"), ("Cookie", "a=b; who=me")]
    answer = client.ask("when.test", "/api/x?q", headers=go)
    expect("path", answer.seen()["path"], "/went?q")
    expect("headers of where it leads", answer.all("X-Api"), [])
    expect("half", client.ask("when.test", "/api/x", headers=go[:1]).seen()["path"], "/api/x")
    expect("once", client.ask("when.test", "/y?once=1").seen()["path"], "/again?once=2&&once=1")
    answer = client.ask("when.test", "/api/1/out")
    expect("only once", answer.seen()["path"], "/api/2/out")
    expect("headers", answer.one("X-Api"), "api")


def test_own_come_first(client, c, expect):
    expect("own", client.ask("when.test", "/api/own", method="PUT").body, b"own")
    expect("inherited", client.ask("when.test", "/api/x", method="PUT").body, b"no")
    answer = client.ask("when.test", "/api/x", method="PUT")
    expect("headers of the path", answer.one("X-Api"), "api")


def test_file(client, c, expect):
    expect("before", client.ask("when.test", "/fixed").status, 200)
    write(c["when_flag"], "")
    answer = client.ask("when.test", "/fixed")
    expect("while it exists", (answer.status, answer.body, answer.one("Content-Type")),
           (503, b'back; {$host}"', "text/html"))
    expect("but not there", client.ask("when.test", "/healthz").status, 200)
    os.unlink(c["when_flag"])
    expect("after", client.ask("when.test", "/fixed").status, 200)
