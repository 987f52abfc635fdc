"""Other sites whose pages may ask this one."""

import http.server
import json

from site_nginx import Server, serve


class Contradicting(http.server.BaseHTTPRequestHandler):
    """A program with a mind of its own."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        body = json.dumps({"path": self.path, "headers": {}}).encode()
        self.send_response(200)
        for name, value in [("Access-Control-Allow-Origin", "*"), ("Vary", "X-Own"),
                            ("Access-Control-Allow-Credentials", "true"),
                            ("Access-Control-Expose-Headers", "X-Secret")]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_GET


def prepare(c):
    c["cors_port"] = serve(Server(("127.0.0.1", 0), Contradicting)).server_port


def documents(c):
    return """
sites:
  cors.test:
    proxy: 127.0.0.1:%(cors_port)d
    headers: {X-Site: site}
    cors:
      origins: [https://app.test, "https://*.wide.test", "http://localhost:5173"]
      methods: [GET, PUT]
      headers: [X-Token]
      expose: [X-Total]
      credentials: true
    paths:
      /open/: {cors: "*"}
      /none/: {cors: {origins: []}}
      /shut/: {deny: all, headers: {X-Shut: "yes"}}
  cors-not.test:
    proxy: 127.0.0.1:%(cors_port)d
""" % c


PREFIX = "Access-Control-"


def seen(answer):
    return {name[len(PREFIX):]: value for name, value in answer.headers if name.startswith(PREFIX)}


def preflight(client, path, origin):
    return client.ask("cors.test", path, method="OPTIONS",
                      headers=[("Origin", origin), ("Access-Control-Request-Method", "PUT")])


def test_preflights(client, c, expect):
    for origin in ["https://app.test", "https://a.wide.test", "https://b.a.wide.test",
                   "http://localhost:5173"]:
        answer = preflight(client, "/x", origin)
        expect(origin, answer.status, 204)
        expect(origin, seen(answer), {
            "Allow-Origin": origin, "Allow-Credentials": "true", "Allow-Methods": "GET, PUT",
            "Allow-Headers": "X-Token", "Max-Age": "600", "Expose-Headers": "X-Total"})
        expect("vary", "Origin" in answer.all("Vary"), True)
        expect("other headers", answer.one("X-Site"), "site")
    for origin in ["https://app.test.evil", "https://xapp.test", "https://wide.test", "null",
                   "http://app.test", "https://app.test:444", "https://evil.test/.wide.test",
                   "https://evil.test#.wide.test", "HTTPS://APP.TEST"]:
        answer = preflight(client, "/x", origin)
        expect(origin, (answer.status, seen(answer)), (204, {}))
    expect("before rules of access", preflight(client, "/shut/", "https://app.test").status, 204)


def test_answers(client, c, expect):
    def ask(path, origin=None):
        return client.ask("cors.test", path, headers=[("Origin", origin)] if origin else ())

    answer = ask("/x", "https://app.test")
    expect("once", seen(answer), {"Allow-Origin": "https://app.test", "Allow-Credentials": "true",
                                  "Expose-Headers": "X-Total"})
    expect("all are listed", sorted(answer.all("Vary")), ["Origin", "X-Own"])
    expect("unknown", seen(ask("/x", "https://evil.test")), {})
    expect("no page", seen(ask("/x")), {})
    expect("varies all the same", "Origin" in ask("/x").all("Vary"), True)
    expect("all sites", seen(ask("/open/", "https://evil.test")), {"Allow-Origin": "*"})
    expect("no site", seen(ask("/none/", "https://app.test")), {})
    answer = ask("/shut/", "https://app.test")
    expect("on errors", (answer.status, seen(answer)["Allow-Origin"]), (403, "https://app.test"))
    expect("without cors the program decides",
           seen(client.ask("cors-not.test", "/")).get("Allow-Origin"), "*")


def test_options_of_programs(client, c, expect):
    answer = client.ask("cors.test", "/x", method="OPTIONS")
    expect("no preflight", (answer.status, answer.seen()["path"]), (200, "/x"))
