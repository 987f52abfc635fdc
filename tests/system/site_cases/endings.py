"""Types of files: those of the machine, and what sites and their paths say otherwise."""

import gzip

from site_nginx import write


def prepare(c):
    for name in ["a.md", "a.html", "a.png", "a.wasm", "A.MD", "a.ics", "a.unknown", "a.js", "plain"]:
        for folder in ["", "docs/", "docs/in/", "other/"]:
            write("%s/endings/%s%s" % (c["state"], folder, name), "text " * 1000)


def documents(c):
    return """
sites:
  endings.test:
    root: %(state)s/endings
    mime: {.md: text/markdown, wasm: application/x-wasm}
    default_type: text/x-unknown
    charset: utf-8
    paths:
      /docs/:
        mime: {md: text/x-docs, ics: text/calendar, js: text/x-js}
        paths:
          /docs/in/: {mime: {unknown: application/x-known}, charset: off, default_type: text/x-in}
      /other/: {headers: {X-Other: "1"}}
      /said: {respond: {status: 200, body: ok, type: application/json}, default_type: text/x-none}
      /without: {respond: 204, default_type: text/x-none}
""" % c


def test_types_of_files(client, c, expect):
    def types(folder, *names):
        return [client.ask("endings.test", folder + n).one("Content-Type") for n in names]
    expect("site", types("/", "a.md", "A.MD", "a.wasm", "a.html", "a.png", "a.unknown", "plain"),
           ["text/markdown; charset=utf-8", "text/markdown; charset=utf-8", "application/x-wasm",
            "text/html; charset=utf-8", "image/png", "text/x-unknown", "text/x-unknown"])
    expect("path", types("/docs/", "a.md", "a.ics", "a.js", "a.wasm", "a.html", "a.png", "plain"),
           ["text/x-docs; charset=utf-8", "text/calendar; charset=utf-8", "text/x-js; charset=utf-8",
            "application/x-wasm", "text/html; charset=utf-8", "image/png", "text/x-unknown"])
    expect("inside", types("/docs/in/", "a.md", "a.unknown", "a.html", "a.png", "plain"),
           ["text/x-docs", "application/x-known", "text/html", "image/png", "text/x-in"])
    expect("the site's", types("/other/", "a.md", "a.html", "plain"),
           ["text/markdown; charset=utf-8", "text/html; charset=utf-8", "text/x-unknown"])
    expect("an answer's own", types("/", "said"), ["application/json; charset=utf-8"])
    expect("without a text", client.ask("endings.test", "/without").status, 204)


def test_texts_of_ones_own_are_compressed(client, c, expect):
    accept = [("Accept-Encoding", "gzip")]
    for path, wanted in [("/a.md", True), ("/docs/a.md", True), ("/docs/a.ics", True),
                         ("/a.html", True), ("/docs/a.html", True), ("/a.png", False),
                         ("/docs/a.png", False)]:
        answer = client.ask("endings.test", path, headers=accept)
        expect(path, answer.one("Content-Encoding") == "gzip", wanted)
        body = gzip.decompress(answer.body) if wanted else answer.body
        expect(path, body, b"text " * 1000)
