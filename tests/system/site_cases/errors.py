"""Error pages and maintenance: ours, the site's and the host's, and what programs answer."""

import http.server

from site_nginx import Server, serve, write


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path ends in."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        last = self.path.split("?")[0].split("/")[-1]
        status = int(last) if last.isdigit() else 200
        body = b"of the program"
        self.send_response(status)
        self.send_header("Retry-After", "7")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_HEAD = do_GET


def prepare(c):
    c["failing"] = serve(Server(("127.0.0.1", 0), Failing)).server_port
    write(c["state"] + "/www/errors/404.html", "page of the site")
    write(c["state"] + "/host/down.html", "file of the host")
    write(c["state"] + "/host/error.json", '{"error": true}')
    write(c["state"] + "/host/closed.html", "closed for today")


def documents(c):
    return """
sites:
  pages.test:
    proxy: 127.0.0.1:%(failing)d
    headers: {Content-Security-Policy: "default-src 'none'", X-Site: here}
    body_max: 10
    paths:
      /dead: {proxy: 127.0.0.1:%(dead)d}
      /denied/: {deny: all}
      /files/: {root: %(state)s/www}
      /fixed: {respond: 404}
      /fixed-text: {respond: {status: 404, body: text}}
      /limited: {rate_limit: {rate: 1/m, burst: 1}}
      /path/: {headers: {X-Path: path}, root: %(state)s/www}
      /intercepted/: {intercept_errors: true}
      /none/: {error_pages: false, root: %(state)s/www}
      /none/inside/: {error_pages: {404: true}, root: %(state)s/www}
  denied.test:
    root: %(state)s/www
    allow: 192.0.2.1
    rate_limit: {/: {rate: 1/m, burst: 2}}
  own-pages.test:
    root: %(state)s/www
    error_pages: {404: /errors/404.html, 5xx: "file:%(state)s/host/down.html"}
    paths:
      /dead/: {proxy: 127.0.0.1:%(dead)d}
      /api/:
        root: %(state)s/www
        error_pages: {4xx: "file:%(state)s/host/error.json"}
        paths:
          /api/dead/: {proxy: 127.0.0.1:%(dead)d}
  no-pages.test:
    error_pages: false
    root: %(state)s/www
  maintained.test:
    proxy: 127.0.0.1:%(failing)d
    probe: /healthz
    headers: {X-Site: here}
    maintenance: {retry_after: 30m, allow: ["::1"]}
    paths:
      /open/: {maintenance: false}
      /fixed: {respond: {status: 200, body: fixed}}
      /guarded: {respond: {status: 200, body: guarded}, allow: [127.0.0.1, "::1"]}
      /moved: {redirect: /elsewhere}
      /own/: {maintenance: {until: 2031-01-02T03:04:05Z, page: %(state)s/host/closed.html}}
      /waiting/: {maintenance: {on: false}}
  plain-maintained.test: {tls: false, root: %(state)s/www, maintenance: true, error_pages: false}
""" % c


def is_page(answer, english, arabic):
    text = answer.body.decode()
    return (answer.one("Content-Type"), english in text, arabic in text, 'dir="rtl"' in text,
            "<style" in text or "<script" in text or "http" in text)


PAGE = ("text/html; charset=utf-8", True, True, True, False)


def test_pages_that_come_with_us(client, c, expect):
    for path, status, english, arabic in [
            ("/dead", 502, "Something went wrong", "حدث خطأ ما"),
            ("/denied/", 403, "No access", "الوصول غير مسموح"),
            ("/files/absent", 404, "Page not found", "الصفحة غير موجودة"),
            ("/fixed", 404, "Page not found", "الصفحة غير موجودة"),
            ("/.git/config", 404, "Page not found", "الصفحة غير موجودة"),
            ("/.reconcile/errors/x", 404, "Page not found", "الصفحة غير موجودة")]:
        answer = client.ask("pages.test", path)
        expect(path, (answer.status, is_page(answer, english, arabic)), (status, PAGE))
        expect(path + " headers", (answer.one("X-Site"), answer.one("X-Content-Type-Options"),
                                   answer.one("Content-Security-Policy"),
                                   answer.one("Strict-Transport-Security")),
               ("here", "nosniff", "default-src 'none'", "max-age=31536000"))
    answer = client.ask("pages.test", "/path/absent")
    expect("path's header", (answer.status, answer.one("X-Path")), (404, "path"))
    answer = client.ask("pages.test", "/files/", method="POST", body=b"x" * 11)
    expect("too large", (answer.status, is_page(answer, "Too large", "الحجم")), (413, PAGE))
    answer = client.ask("pages.test", "/files/absent", method="HEAD")
    expect("HEAD", (answer.status, answer.body), (404, b""))
    answer = client.ask("pages.test", "/files/a", method="POST", body=b"x")
    expect("no page is built in", (answer.status, b"rtl" in answer.body), (405, False))


def test_pages_of_those_who_are_turned_away(client, c, expect):
    answers = [client.ask("pages.test", "/limited") for _ in range(4)]
    expect("limited", [a.status for a in answers], [200, 200, 429, 429])
    expect("its page", is_page(answers[3], "Too many requests", "طلبات كثيرة"), PAGE)
    answers = [client.ask("denied.test", "/") for _ in range(4)]
    expect("denied", [a.status for a in answers], [403, 403, 403, 429])
    expect("its page", is_page(answers[0], "No access", "الوصول"), PAGE)


def test_answers_of_programs(client, c, expect):
    for path in ["/404", "/503"]:
        answer = client.ask("pages.test", path)
        expect("untouched " + path, (answer.status, answer.body), (int(path[1:]), b"of the program"))
    answer = client.ask("pages.test", "/intercepted/404")
    expect("intercepted", (answer.status, is_page(answer, "Page not found", "الصفحة")), (404, PAGE))
    expect("its headers", (answer.one("X-Site"), answer.one("X-Content-Type-Options")),
           ("here", "nosniff"))
    answer = client.ask("pages.test", "/intercepted/418")
    expect("without a page", (answer.status, answer.body), (418, b"of the program"))
    answer = client.ask("pages.test", "/intercepted/404", method="POST", body=b"x")
    expect("POST", (answer.status, is_page(answer, "Page not found", "الصفحة")), (404, PAGE))
    answer = client.ask("pages.test", "/fixed-text")
    expect("fixed text", (answer.status, answer.body), (404, b"text"))


def test_other_pages(client, c, expect):
    for host, path, status, body in [
            ("own-pages.test", "/absent", 404, b"page of the site"),
            ("own-pages.test", "/dead/", 502, b"file of the host"),
            ("own-pages.test", "/api/absent", 404, b'{"error": true}'),
            ("own-pages.test", "/api/dead/", 502, b"file of the host")]:
        answer = client.ask(host, path)
        expect(host + path, (answer.status, answer.body), (status, body))
    expect("its type", client.ask("own-pages.test", "/api/absent").one("Content-Type"),
           "application/json")
    for host, path in [("no-pages.test", "/absent"), ("pages.test", "/none/absent")]:
        answer = client.ask(host, path)
        expect("none " + host, (answer.status, b"nginx" in answer.body), (404, True))
    answer = client.ask("pages.test", "/none/inside/absent")
    expect("again", (answer.status, is_page(answer, "Page not found", "الصفحة")), (404, PAGE))


def test_maintenance(client, c, expect):
    for path in ["/", "/fixed", "/guarded", "/moved", "/healthz/x"]:
        answer = client.ask("maintained.test", path)
        expect("closed " + path, (answer.status, is_page(answer, "Back soon", "سنعود قريبًا")),
               (503, PAGE))
        expect("its headers " + path, (answer.one("Retry-After"), answer.one("X-Site")),
               ("1800", "here"))
    for path, status in [("/healthz", 200), ("/healthz?x=y", 200), ("/open/", 200),
                         ("/open/503", 503), ("/waiting/", 200)]:
        answer = client.ask("maintained.test", path)
        expect("open " + path, (answer.status, answer.body), (status, b"of the program"))
    answer = client.ask("maintained.test", "/own/")
    expect("own page", (answer.status, answer.body, answer.one("Retry-After")),
           (503, b"closed for today", "Thu, 02 Jan 2031 03:04:05 GMT"))
    if c["ipv6"]:
        for path, status in [("/", 200), ("/503", 503), ("/fixed", 200), ("/moved", 308)]:
            answer = client.ask("maintained.test", path, address="::1")
            expect("allowed " + path, answer.status, status)
        answer = client.ask("maintained.test", "/503", address="::1")
        expect("of the program", (answer.body, answer.one("Retry-After")), (b"of the program", "7"))
    answer = client.ask("plain-maintained.test", "/", tls=False)
    expect("without error pages", (answer.status, is_page(answer, "Back soon", "سنعود")), (503, PAGE))
    answer = client.ask("plain-maintained.test", "/.well-known/acme-challenge/token", tls=False)
    expect("challenges", (answer.status, answer.body), (200, b"authorization"))
    answer = client.ask("maintained.test", "/x", tls=False)
    expect("plain HTTP leads on", (answer.status, answer.all("Retry-After")), (308, []))
