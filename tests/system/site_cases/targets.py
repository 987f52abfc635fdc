"""Targets of redirects that are made from the request."""

from urllib.parse import quote


def prepare(c):
    pass


def documents(c):
    return """
sites:
  targets.test:
    respond: {status: 200, body: top}
    paths:
      /docs/: {redirect: "https://docs.test$request_uri"}
      /query: {redirect: "https://$host/new$is_args$args"}
      /scheme: {redirect: "$scheme://new.test/"}
      /dollar: {redirect: "/cost?in=$$1"}
      /uri/: {redirect: "https://archive.test$uri"}
      "~ ^/blog/(\\\\d+)/([^/]+)$": {redirect: {to: "/posts/$2?year=$1&$args", status: 301}}
      "~* ^/go/((?s:.+))$": {redirect: /$1}
      "~ ^/kept/(.+)$": {allow: all, redirect: "/to/$1?$args"}
      "~ ^/shut/(.+)$": {deny: all, redirect: "/to/$1"}
"""


def location(client, path):
    return client.ask("targets.test", path).one("Location")


def test_variables(client, c, expect):
    for path, wanted in [
            ("/docs/a%20b?c=d", "https://docs.test/docs/a%20b?c=d"),
            ("/query?a=%0d%0ab", "https://targets.test/new?a=%0d%0ab"),
            ("/query", "https://targets.test/new"), ("/scheme", "https://new.test/"),
            ("/dollar", "/cost?in=$1"), ("/uri/a%20b?c", "https://archive.test/uri/a%20b")]:
        expect(path, location(client, path), wanted)


def test_groups(client, c, expect):
    here = "https://targets.test:%d" % c["https"]
    for path, wanted in [
            ("/blog/2020/first?a=b", "/posts/first?year=2020&a=b"),
            ("/GO/Page", here + "/Page"), ("/kept/x?q=1", "/to/x?q=1"),
            ("/kept/x", "/to/x?")]:
        expect(path, location(client, path), wanted)
    expect("status", client.ask("targets.test", "/blog/2020/first").status, 301)
    expect("rules are asked first", client.ask("targets.test", "/shut/x").status, 403)


def test_decoded_paths_stay_encoded(client, c, expect):
    here = "https://targets.test:%d" % c["https"]
    for text in ["a\r\nX-Evil: 1", "a b", "a?b=c", "a#b", "a%41", "a&b", "\\evil.test", "$host",
                 "${host}", "العربية", "\x7f", "a+b", "\"<>"]:
        path = "/go/" + quote(text, safe="")
        answer = client.ask("targets.test", path)
        expect("%r status" % text, answer.status, 308)
        expect("%r adds nothing" % text, answer.all("X-Evil"), [])
        target = answer.one("Location")
        expect("%r host" % text, target.startswith(here + "/"), True)
        expect("%r control" % text, any(ord(ch) <= 32 for ch in target), False)
        again = client.ask("targets.test", "/uri/" + quote(text, safe=""))
        expect("%r path" % text, again.one("Location").startswith("https://archive.test/uri/"), True)
    expect("line break", location(client, "/go/a%0d%0ab"), here + "/a%0D%0Ab")
    expect("question mark", location(client, "/go/a%3fb%23c%25"), here + "/a%3Fb%23c%25")
    expect("letters", location(client, "/uri/%D8%A7"), "https://archive.test/uri/%D8%A7")
