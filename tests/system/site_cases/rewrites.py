"""Paths that are answered as others are."""

from site_nginx import write


def prepare(c):
    write(c["state"] + "/rewrites/page.html", "page")
    write(c["state"] + "/rewrites/app/index.html", "app")
    write(c["state"] + "/rewrites/app/app/index.html", "twice")


def documents(c):
    return """
sites:
  rewrites.test:
    proxy: 127.0.0.1:%(backend)d
    rewrite:
      ^/v1/(.*)$: /v2/$1?from=$1
      ^/(\\d+)-(.*)$: /item/$2/$1?
      (?s)^/v3/(.*)$: /v2/$1?from=$1
      ^/all/: /files/page.html
    paths:
      /files/: {root: "%(state)s/rewrites", strip_prefix: true, headers: {X-Files: "yes"}}
      /short/: {rewrite: {"^/short/(.+)$": /long/$1}, deny: all, headers: {X-Short: "yes"}}
      /fixed: {respond: {status: 200, body: fixed}, rewrite: {"[.]html$": /files/page.html}}
      /circle/: {rewrite: {"^/circle/(.*)$": /circle/again/$1}}
      "~ ^/x(.*)$": {rewrite: {"^/x/(a|b);{2}$": "/y/$1 $$ {$uri}"}}
  rewrites-files.test:
    tls: false
    root: %(state)s/rewrites
    rewrite: {^/(.*)$: /app/$1}
""" % c


def test_site(client, c, expect):
    for path, wanted in [("/v1/a?b=c", "/v2/a?from=a&b=c"), ("/7-lamp?q", "/item/lamp/7"),
                         ("/v1/a%20b", "/v2/a%20b?from=a%20b"), ("/other?x", "/other?x")]:
        expect(path, client.ask("rewrites.test", path).seen()["path"], wanted)
    answer = client.ask("rewrites.test", "/all/x")
    expect("to files", (answer.body, answer.one("X-Files")), (b"page", "yes"))


def test_path(client, c, expect):
    answer = client.ask("rewrites.test", "/short/a?b")
    expect("leads on", answer.seen()["path"], "/long/a?b")
    expect("headers of where it leads", answer.all("X-Short"), [])
    expect("not all", client.ask("rewrites.test", "/short/").status, 403)
    expect("before an answer", client.ask("rewrites.test", "/fixed/a.html").body, b"page")
    expect("an answer", client.ask("rewrites.test", "/fixed/a").body, b"fixed")
    expect("characters", client.ask("rewrites.test", "/x/a;;").seen()["path"],
           "/y/a%20$%20%7B/x/a;;%7D")
    expect("a circle ends", client.ask("rewrites.test", "/circle/x").status, 500)


def test_line_breaks_stay_encoded(client, c, expect):
    seen = client.ask("rewrites.test", "/v3/a%0d%0aX-Evil:%201").seen()
    expect("path", seen["path"], "/v2/a%0D%0AX-Evil:%201?from=a%0D%0AX-Evil:%201")
    expect("no header", seen["headers"].get("x-evil"), None)


def test_only_once(client, c, expect):
    expect("index", client.ask("rewrites-files.test", "/", tls=False).body, b"app")
    answer = client.ask("rewrites-files.test", "/.well-known/acme-challenge/token", tls=False)
    expect("challenge", answer.body, b"authorization")
