"""Who may come: passwords, a program that is asked, certificates of clients."""

import base64
import os
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from site_nginx import Answer, run, write

REALM = "Staff only; $host {"


class Verify(BaseHTTPRequestHandler):
    """Knows ali, turns mallory away, and asks everybody else to sign in."""
    asked = []

    def do_GET(self):
        Verify.asked.append((self.path, dict(self.headers)))
        who = self.headers.get("Cookie", "")
        status = {"who=ali": 200, "who=mallory": 403, "who=broken": 500}.get(who, 401)
        self.send_response(status)
        if status == 200:
            self.send_header("Remote-User", "ali")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer realm="sso"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


def make_client(c, name):
    """An authority, and a client's certificate that it has signed."""
    at = "%s/%s" % (c["state"], name)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=authority " + name,
        "-keyout", at + "-ca.key", "-out", at + "-ca.pem")
    run("openssl", "req", *key, "-subj", "/CN=client " + name, "-keyout", at + ".key",
        "-out", at + ".csr")
    run("openssl", "x509", "-req", "-in", at + ".csr", "-CA", at + "-ca.pem", "-CAkey",
        at + "-ca.key", "-CAcreateserial", "-days", "2", "-out", at + ".pem")


def prepare(c):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Verify)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    c["verify"] = server.server_port
    for name in ("first", "second"):
        make_client(c, name)
    hashed = run("openssl", "passwd", "-6", "right").strip()
    c["hash"] = hashed
    os.makedirs(c["state"] + "/passwords")
    write(c["state"] + "/passwords/basic.auth.test", "ali:%s\n" % hashed)
    os.makedirs(c["state"] + "/notes", exist_ok=True)
    write(c["state"] + "/notes/401.html", "please sign in")
    write(c["state"] + "/htpasswd", "omar:%s\n" % hashed)


def documents(c):
    return """
sites:
  basic.auth.test:
    auth: {basic: {realm: '%(realm)s', users: {ali: "%(hash)s"}}}
    proxy: 127.0.0.1:%(backend)d
    headers: {X-Site: here}
    paths:
      /open/: {auth: false}
      /open/shut/: {auth: {basic: %(state)s/htpasswd}}
      = /hello: {respond: {status: 200, body: hello}}
      /gone/: {redirect: /new/}
      /other/: {auth: {basic: %(state)s/htpasswd}, error_pages: {401: "file:%(state)s/notes/401.html"}}
      /near/:
        auth: {basic: %(state)s/htpasswd, any: true}
        allow: [127.0.0.1]
      /far/:
        auth: {basic: %(state)s/htpasswd, any: true}
        allow: [192.0.2.1]
      /both/:
        auth: {basic: %(state)s/htpasswd}
        allow: [192.0.2.1]
      /sso/: {auth: {forward: 127.0.0.1:%(verify)d}}
  plain.auth.test:
    tls: false
    auth: {basic: %(state)s/htpasswd}
    proxy: 127.0.0.1:%(backend)d
  forward.auth.test:
    auth:
      forward: {to: "http://127.0.0.1:%(verify)d", path: "/verify?a=b", headers: [Remote-User]}
    proxy: 127.0.0.1:%(backend)d
    paths:
      /open/: {auth: false}
      /page/:
        auth:
          forward:
            to: localhost:%(verify)d
            login: "https://login.test/?to=$request_uri"
      /late/: {auth: {forward: "backend.test:%(verify)d"}}
      /dead/: {auth: {forward: 127.0.0.1:%(dead)d}}
      = /hello: {respond: {status: 200, body: hello}}
  first.auth.test:
    auth: {mtls: %(state)s/first-ca.pem}
    proxy: 127.0.0.1:%(backend)d
    paths:
      /open/: {auth: false}
      = /hello: {respond: {status: 200, body: hello}}
      /both/: {auth: {mtls: %(state)s/first-ca.pem, basic: %(state)s/htpasswd}}
  second.auth.test:
    auth: {mtls: %(state)s/second-ca.pem}
    proxy: 127.0.0.1:%(backend)d
""" % dict(c, realm=REALM)


def basic(user, password):
    token = base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
    return ("Authorization", "Basic " + token)


# ---- Passwords ----------------------------------------------------------------------------------

def test_passwords(client, c, expect):
    host = "basic.auth.test"
    answer = client.ask(host, "/")
    expect("nobody", answer.status, 401)
    expect("challenge", answer.one("WWW-Authenticate"),
           'Basic realm="%s"' % REALM)
    expect("own header", answer.one("X-Site"), "here")
    expect("hsts", answer.one("Strict-Transport-Security"), "max-age=31536000")
    expect("page", "تسجيل الدخول".encode() in answer.body, True)
    for name, headers, status in [("right", [basic("ali", "right")], 200),
                                  ("wrong", [basic("ali", "wrong")], 401),
                                  ("other", [basic("omar", "right")], 401),
                                  ("nonsense", [("Authorization", "Basic !!!")], 401)]:
        expect(name, client.ask(host, "/", headers=headers).status, status)
    expect("file", client.ask(host, "/other/", headers=[basic("omar", "right")]).status, 200)
    expect("site's user there", client.ask(host, "/other/", headers=[basic("ali", "right")]).status,
           401)
    expect("own page", client.ask(host, "/other/").body, b"please sign in")
    expect("open", client.ask(host, "/open/x").seen()["path"], "/open/x")
    expect("open and shut", client.ask(host, "/open/shut/x").status, 401)


def test_answers_wait_for_the_password(client, c, expect):
    host = "basic.auth.test"
    expect("respond", client.ask(host, "/hello").status, 401)
    expect("respond, right", client.ask(host, "/hello", headers=[basic("ali", "right")]).body,
           b"hello")
    expect("redirect", client.ask(host, "/gone/x").status, 401)
    expect("redirect, right", client.ask(host, "/gone/x", headers=[basic("ali", "right")]).status,
           308)
    expect("dot file", client.ask(host, "/.git/x").status, 404)


def test_addresses_and_passwords(client, c, expect):
    host = "basic.auth.test"
    right = [basic("omar", "right")]
    expect("near", client.ask(host, "/near/").status, 200)
    expect("far", client.ask(host, "/far/").status, 401)
    expect("far, right", client.ask(host, "/far/", headers=right).status, 200)
    expect("both", client.ask(host, "/both/", headers=right).status, 403)


def test_another_way_in_a_path(client, c, expect):
    host = "basic.auth.test"
    known = client.ask(host, "/sso/", headers=[("Cookie", "who=ali")])
    expect("known", known.status, 200)
    answer = client.ask(host, "/sso/", headers=[basic("ali", "right")])
    expect("password alone", (answer.status, answer.one("WWW-Authenticate")),
           (401, 'Bearer realm="sso"'))


def test_challenges_of_issuers_are_open(client, c, expect):
    host = "plain.auth.test"
    expect("site", client.ask(host, "/", tls=False).status, 401)
    expect("challenge", client.ask(host, "/.well-known/acme-challenge/x", tls=False).status, 404)


# ---- A program that is asked --------------------------------------------------------------------

def test_program_is_asked(client, c, expect):
    host = "forward.auth.test"
    for who, status in [("ali", 200), ("mallory", 403), ("nobody", 401), ("broken", 500)]:
        expect(who, client.ask(host, "/x", headers=[("Cookie", "who=" + who)]).status, status)
    answer = client.ask(host, "/x")
    expect("challenge", answer.one("WWW-Authenticate"), 'Bearer realm="sso"')
    Verify.asked.clear()
    seen = client.ask(host, "/x?y=%20z", method="POST", body=b"body",
                      headers=[("Cookie", "who=ali"), ("Remote-User", "root")]).seen()
    expect("user", seen["headers"].get("remote-user"), "ali")
    path, headers = Verify.asked[0]
    expect("asked once", len(Verify.asked), 1)
    expect("path", path, "/verify?a=b")
    expect("uri", headers.get("X-Forwarded-Uri"), "/x?y=%20z")
    expect("method", headers.get("X-Original-Method"), "POST")
    expect("url", headers.get("X-Original-URL"),
           "https://%s:%d/x?y=%%20z" % (host, c["https"]))
    expect("no body", headers.get("Content-Length"), None)
    expect("host", headers.get("Host"), "%s:%d" % (host, c["https"]))


def test_nobody_says_who_they_are(client, c, expect):
    host = "forward.auth.test"
    seen = client.ask(host, "/open/x", headers=[("Remote-User", "root")]).seen()
    expect("open path", (seen["path"], seen["headers"].get("remote-user")), ("/open/x", None))
    expect("inside", client.ask(host, "/.reconcile/auth/0").status, 404)
    expect("respond", client.ask(host, "/hello").status, 401)
    expect("respond, known", client.ask(host, "/hello", headers=[("Cookie", "who=ali")]).body,
           b"hello")


def test_login_and_places(client, c, expect):
    host = "forward.auth.test"
    answer = client.ask(host, "/page/a?b=c")
    expect("login", (answer.status, answer.one("Location")),
           (302, "https://login.test/?to=/page/a?b=c"))
    expect("login, known", client.ask(host, "/page/", headers=[("Cookie", "who=ali")]).status, 200)
    expect("login, refused", client.ask(host, "/page/", headers=[("Cookie", "who=mallory")]).status,
           403)
    expect("dead", client.ask(host, "/dead/").status, 500)
    expect("late", client.ask(host, "/late/").status, 401)
    expect("late, known", client.ask(host, "/late/", headers=[("Cookie", "who=ali")]).status, 200)


# ---- Certificates of clients --------------------------------------------------------------------

def ask_with(c, host, path, who, headers=()):
    """With that client's certificate, or none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if who is not None:
        context.load_cert_chain("%s/%s.pem" % (c["state"], who), "%s/%s.key" % (c["state"], who))
    raw = socket.create_connection(("127.0.0.1", c["https"]), 10)
    with context.wrap_socket(raw, server_hostname=host) as sock:
        lines = ["GET %s HTTP/1.1" % path, "Host: " + host, "Connection: close"]
        lines += ["%s: %s" % h for h in headers]
        sock.sendall("\r\n".join(lines + ["", ""]).encode())
        data = b""
        try:
            while chunk := sock.recv(65536):
                data += chunk
        except OSError:
            pass
        return Answer(data)


def test_certificates(client, c, expect):
    host = "first.auth.test"
    for who, status, open_status in [("first", 200, 200), (None, 403, 200), ("second", 400, 400)]:
        expect(str(who), ask_with(c, host, "/x", who).status, status)
        expect("%s respond" % who, ask_with(c, host, "/hello", who).status, status)
        expect("%s open" % who, ask_with(c, host, "/open/x", who).status, open_status)
    expect("page", "الوصول".encode() in ask_with(c, host, "/x", None).body, True)
    right = [basic("omar", "right")]
    expect("both", ask_with(c, host, "/both/", "first", right).status, 200)
    expect("certificate alone", ask_with(c, host, "/both/", "first").status, 401)
    expect("password alone", ask_with(c, host, "/both/", None, right).status, 403)
    expect("the other site", ask_with(c, "second.auth.test", "/x", "second").status, 200)


def test_sessions_of_other_sites_count_for_nothing(client, c, expect):
    """Whoever the first site knows is nobody on the second, whatever connection they come with."""
    state = c["state"]
    for version in ("-tls1_2", "-tls1_3"):
        saved = "%s/session%s" % (state, version)
        common = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % c["https"], version, "-quiet"]
        request = "GET /x HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
        first = subprocess.run(common + ["-servername", "first.auth.test", "-cert",
                                         state + "/first.pem", "-key", state + "/first.key",
                                         "-sess_out", saved],
                               input=request % "first.auth.test", capture_output=True, text=True,
                               timeout=20)
        expect("known" + version, first.stdout.split(" ")[1:2], ["200"])
        expect("there is a session" + version, os.path.exists(saved), True)
        second = subprocess.run(common + ["-servername", "second.auth.test", "-sess_in", saved],
                                input=request % "second.auth.test", capture_output=True, text=True,
                                timeout=20)
        expect("taken up" + version, second.stdout.split(" ")[1:2] != ["200"], True)
        third = subprocess.run(common + ["-servername", "first.auth.test", "-cert",
                                         state + "/first.pem", "-key", state + "/first.key"],
                               input=request % "second.auth.test", capture_output=True, text=True,
                               timeout=20)
        expect("another host" + version, third.stdout.split(" ")[1:2] != ["200"], True)
