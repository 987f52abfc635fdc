"""What is done where no file is found: a program answers, or the request is sent on."""

from site_nginx import write


def prepare(c):
    for name in ["first/a b.txt", "first/page.html", "first/deep/index.html", "first/assets/app.css",
                 "wiki/here.txt", "wiki/index.txt", "wiki/sub/index.html"]:
        write(c["state"] + "/www/" + name, name)


def documents(c):
    return """
sites:
  first.test:
    proxy: 127.0.0.1:%(backend)d
    files: %(state)s/www/first
    request_headers: {X-Tenant: first}
    paths:
      /assets/: {cache: 1h}
      /deep/: {try: [$uri/index.html, $uri]}
      /shut/: {deny: all}
      /dead/: {proxy: 127.0.0.1:%(dead)d, files: "%(state)s/www/first"}
      /limited/: {rate_limit: {rate: 1/m, burst: 1}}
      "~ ^/page$": {try: [$uri.html]}
  wiki.test:
    root: %(state)s/www/wiki
    rewrite_missing: {"^/w/(.*)$": "/asked?title=$1", "^/loop/": /loop/again, "^/to$": /index.txt}
    paths:
      /asked: {proxy: 127.0.0.1:%(backend)d}
""" % c


def test_files_come_first(client, c, expect):
    expect("a file", client.ask("first.test", "/a%20b.txt").body, b"first/a b.txt")
    answer = client.ask("first.test", "/none?x=%0d%0a")
    expect("the program", (answer.seen()["path"], answer.seen()["headers"]["x-tenant"]),
           ("/none?x=%0d%0a", "first"))
    expect("a folder is no file", client.ask("first.test", "/assets/").seen()["path"], "/assets/")
    expect("steps", client.ask("first.test", "/deep").seen()["path"], "/deep")
    expect("an index", client.ask("first.test", "/deep/").body, b"first/deep/index.html")
    expect("an ending", client.ask("first.test", "/page").body, b"first/page.html")
    expect("post", client.ask("first.test", "/post", method="POST", body=b"x").seen()["method"], "POST")
    expect("outside", client.ask("first.test", "/../wiki/here.txt").status, 400)
    expect("dot files", client.ask("first.test", "/.git/config").status, 404)


def test_rules_hold_for_both(client, c, expect):
    expect("denied", client.ask("first.test", "/shut/x").status, 403)
    expect("dead", client.ask("first.test", "/dead/x").status, 502)
    statuses = [client.ask("first.test", "/limited/x").status for _ in range(3)]
    expect("counted once", statuses, [200, 200, 429])


def test_headers_of_both(client, c, expect):
    expect("the file", client.ask("first.test", "/assets/app.css").one("Cache-Control"),
           "public, max-age=3600")
    answer = client.ask("first.test", "/assets/none.css")
    expect("the program", answer.all("Cache-Control"), [])
    expect("ours, once", (answer.status, answer.all("X-Content-Type-Options")), (200, ["nosniff"]))


def test_requests_are_sent_on(client, c, expect):
    expect("a file", client.ask("wiki.test", "/here.txt").body, b"wiki/here.txt")
    expect("a folder", client.ask("wiki.test", "/sub/").body, b"wiki/sub/index.html")
    expect("a program", client.ask("wiki.test", "/w/a%20b%26c?d=e").seen()["path"],
           "/asked?title=a%20b%26c&d=e")
    expect("another file", client.ask("wiki.test", "/to").body, b"wiki/index.txt")
    expect("no rule", client.ask("wiki.test", "/none").status, 404)
    expect("once", client.ask("wiki.test", "/loop/x").status, 404)
