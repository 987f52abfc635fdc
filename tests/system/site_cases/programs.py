"""Programs behind a site: groups of servers, TLS, gRPC, FastCGI, uwsgi; paths inside of paths."""

import http.server
import json
import os
import shutil
import socketserver
import ssl
import struct
import subprocess

from site_nginx import Server, free_port, run, serve, write


# ---- Programs -----------------------------------------------------------------------------------

def named(name, status=200):
    """A backend that says its own name and what it was asked."""

    class Named(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        connections = set()

        def log_message(self, *arguments):
            pass

        def do_GET(self):
            self.connections.add(self.client_address)
            body = json.dumps({"name": name, "path": self.path,
                               "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Powered-By", "secret")
            self.send_header("X-Shown", "shown")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Named


def record(kind, code, content):
    return struct.pack("!BBHHBB", 1, kind, code, len(content), 0, 0) + content


class FastCgi(socketserver.StreamRequestHandler):
    """Answers one request with its parameters, as JSON (FastCGI 1.0, section 3.3)."""

    def handle(self):
        params, body, number = b"", b"", 1
        while True:
            head = self.rfile.read(8)
            if len(head) < 8:
                return
            _, kind, number, length, padding, _ = struct.unpack("!BBHHBB", head)
            content = self.rfile.read(length)
            self.rfile.read(padding)
            if kind == 4:
                params += content
            elif kind == 5:
                body += content
                if not content:
                    break
        found, at = {}, 0
        while at < len(params):
            sizes = []
            for _ in range(2):
                wide = params[at] & 0x80
                sizes.append(struct.unpack("!I", params[at:at + 4])[0] & 0x7fffffff if wide
                             else params[at])
                at += 4 if wide else 1
            found[params[at:at + sizes[0]].decode()] = params[at + sizes[0]:at + sum(sizes)].decode()
            at += sum(sizes)
        answer = json.dumps({"path": found.get("PATH_INFO"), "params": found, "body": len(body)})
        text = "Content-Type: application/json\r\nX-Powered-By: secret\r\nX-Frame-Options: DENY\r\n\r\n"
        self.wfile.write(record(6, number, (text + answer).encode()) + record(6, number, b"") +
                         record(3, number, b"\0" * 8))


class Uwsgi(socketserver.StreamRequestHandler):
    """The same of the uwsgi protocol: a header of four bytes, then pairs."""

    def handle(self):
        _, length, _ = struct.unpack("<BHB", self.rfile.read(4))
        data, found, at = self.rfile.read(length), {}, 0
        while at < length:
            pair = []
            for _ in range(2):
                size = struct.unpack("<H", data[at:at + 2])[0]
                pair.append(data[at + 2:at + 2 + size].decode())
                at += 2 + size
            found[pair[0]] = pair[1]
        answer = json.dumps({"path": found.get("PATH_INFO"), "params": found})
        self.wfile.write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + answer).encode())


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


# nginx itself is a program that speaks gRPC's HTTP/2, and says what reached it.
RPC = """daemon off; worker_processes 1; pid {state}/rpc.pid; error_log {state}/rpc.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {state}/rpc-body; proxy_temp_path {state}/rpc-proxy;
    fastcgi_temp_path {state}/rpc-fastcgi; uwsgi_temp_path {state}/rpc-uwsgi;
    scgi_temp_path {state}/rpc-scgi;
    server {{
        listen 127.0.0.1:{rpc} http2;
        listen 127.0.0.1:{rpcs} ssl http2;
        ssl_certificate {state}/backend/good.test.pem; ssl_certificate_key {state}/backend/good.test.key;
        location / {{
            return 200 '{{"path": "$uri", "protocol": "$server_protocol", "tenant": "$http_x_tenant", "scheme": "$scheme"}}';
        }}
    }}
}}
"""


def make_authority(state):
    """An authority, and certificates of its own for good.test and other.test."""
    folder = state + "/backend"
    os.makedirs(folder)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=authority",
        "-keyout", folder + "/ca.key", "-out", folder + "/ca.pem")
    for name in ["good.test", "other.test", "client.test"]:
        write("%s/%s.ext" % (folder, name), "subjectAltName=DNS:%s\n" % name)
        run("openssl", "req", *key, "-subj", "/CN=" + name, "-keyout", "%s/%s.key" % (folder, name),
            "-out", "%s/%s.csr" % (folder, name))
        run("openssl", "x509", "-req", "-in", "%s/%s.csr" % (folder, name), "-CA", folder + "/ca.pem",
            "-CAkey", folder + "/ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "%s/%s.ext" % (folder, name), "-out", "%s/%s.pem" % (folder, name))
    return folder


def serve_tls(folder, name, wants_client=False):
    server = Server(("127.0.0.1", 0), named(name))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("%s/%s.pem" % (folder, name), "%s/%s.key" % (folder, name))
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder + "/ca.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return serve(server).server_port


def prepare(c):
    state = c["state"]
    for name in ["a", "b", "spare"]:
        server = serve(Server(("127.0.0.1", 0), named(name)))
        c["server_" + name], c["handler_" + name] = server.server_port, server.RequestHandlerClass
    c["server_busy"] = serve(Server(("127.0.0.1", 0), named("busy", status=503))).server_port
    folder = make_authority(state)
    c["ca"] = folder + "/ca.pem"
    c["tls_good"] = serve_tls(folder, "good.test")
    c["tls_other"] = serve_tls(folder, "other.test")
    c["tls_client"] = serve_tls(folder, "good.test", wants_client=True)
    c["fastcgi"] = serve(TcpServer(("127.0.0.1", 0), FastCgi)).server_address[1]
    c["uwsgi"] = state + "/uwsgi.socket"
    serve(UnixServer(c["uwsgi"], Uwsgi))
    os.chmod(c["uwsgi"], 0o777)
    shown = state + "/certificates/client"
    os.makedirs(shown)
    shutil.copy(folder + "/client.test.pem", shown + "/fullchain.pem")
    shutil.copy(folder + "/client.test.key", shown + "/key.pem")
    c["rpc"], c["rpcs"] = free_port(), free_port()
    write(state + "/rpc.conf", RPC.format(**c))
    process = subprocess.Popen(["nginx", "-e", state + "/rpc.log", "-p", state, "-c",
                                state + "/rpc.conf"], stderr=subprocess.DEVNULL)
    c["processes"].append(process)
    write(state + "/www/inner/static/a.css", "css")
    write(state + "/www/inner/static/a.pdf", "pdf")
    write(state + "/www/inner/static/.git/a.css", "secret")
    write(state + "/www/inner/app/index.html", "inner app")


def documents(c):
    return """
certificates:
  client: {issuer: internal, names: [client.test]}
sites:
  group.test:
    proxy: 127.0.0.1:%(server_a)d
    paths:
      /both/: {proxy: [127.0.0.1:%(server_a)d, 127.0.0.1:%(server_b)d]}
      /weighed/:
        proxy:
          to: [{address: 127.0.0.1:%(server_a)d, weight: 9}, 127.0.0.1:%(server_b)d]
      /spare/:
        proxy: {to: [127.0.0.1:%(dead)d, {address: 127.0.0.1:%(server_spare)d, backup: true}]}
      /down/:
        proxy: {to: [{address: 127.0.0.1:%(server_a)d, weight: 0}, 127.0.0.1:%(server_b)d]}
      /retry/:
        proxy: {to: [127.0.0.1:%(server_busy)d, 127.0.0.1:%(server_a)d], retry: [error, 503]}
      /no-retry/:
        proxy: {to: [127.0.0.1:%(dead)d, 127.0.0.1:%(server_a)d], retry: "off"}
      /same/: {proxy: {to: [127.0.0.1:%(server_a)d, 127.0.0.1:%(server_b)d], balance: client}}
      /by-path/: {proxy: {to: [127.0.0.1:%(server_a)d, 127.0.0.1:%(server_b)d], balance: path}}
      /kept/: {proxy: {to: 127.0.0.1:%(server_spare)d, keepalive: 4}}
  headers.test:
    proxy: 127.0.0.1:%(server_a)d
    request_headers: {X-Tenant: shop, X-Both: site, Authorization: ""}
    hide_headers: X-Powered-By
    paths:
      /api/: {request_headers: {X-Both: api, Host: api.internal, X-Dollar: $$host}}
      /values/:
        request_headers:
          X-Asked: "$scheme://$host$request_uri"
          X-Session: "<$cookie_session>"
          X-Lang: $arg_lang
          X-Echo: $http_x_other
          X-Client: $remote_addr
          X-Cost: "5 $$"
        headers: {X-Asked: $http_x_other, X-Lang: "$arg_lang;", X-Same: same}
      /shown/: {hide_headers: X-Shown}
      /host/: {proxy: {to: 127.0.0.1:%(server_a)d, host: other.internal}}
  tls.test:
    proxy: {to: "https://127.0.0.1:%(tls_good)d", server_name: good.test, ca: %(ca)s}
    paths:
      /wrong/: {proxy: {to: "https://127.0.0.1:%(tls_other)d", server_name: good.test, ca: %(ca)s}}
      /unknown/: {proxy: {to: "https://127.0.0.1:%(tls_good)d", server_name: good.test}}
      /any/: {proxy: {to: "https://127.0.0.1:%(tls_other)d", verify: false}}
      /shown/:
        proxy:
          to: https://127.0.0.1:%(tls_client)d
          server_name: good.test
          ca: %(ca)s
          certificate: certificate:client
      /unshown/: {proxy: {to: "https://127.0.0.1:%(tls_client)d", server_name: good.test, ca: %(ca)s}}
      /rpc/: {grpc: {to: "https://127.0.0.1:%(rpcs)d", server_name: good.test, ca: %(ca)s}}
  protocols.test:
    grpc: 127.0.0.1:%(rpc)d
    request_headers: {X-Tenant: shop}
    hide_headers: X-Powered-By
    paths:
      /cgi/: {fastcgi: {to: 127.0.0.1:%(fastcgi)d, root: /srv/cgi, params: {X_OWN: own}}}
      /one/: {fastcgi: {to: 127.0.0.1:%(fastcgi)d, script: /srv/one.cgi}, strip_prefix: true}
      /app/: {fastcgi: 127.0.0.1:%(fastcgi)d}
      /wsgi/: {uwsgi: "unix:%(uwsgi)s", strip_prefix: true}
      /wsgi/part/: {uwsgi: "unix:%(uwsgi)s", strip_prefix: /wsgi}
  inner.test:
    proxy: 127.0.0.1:%(server_a)d
    headers: {X-Site: site}
    request_headers: {X-Level: site}
    paths:
      /api/:
        strip_prefix: true
        headers: {X-Api: api}
        request_headers: {X-Level: api}
        deny: all
        paths:
          /api/open/: {allow: all, headers: {X-Open: open}}
          "= /api/fixed": {allow: all, respond: {status: 200, body: fixed}}
          '~ \\.json$': {allow: all, request_headers: {X-Level: json}}
      /static/:
        root: %(state)s/www/inner/static
        strip_prefix: true
        paths:
          '~ \\.css$': {cache: 1d}
      /app/:
        root: %(state)s/www/inner
        spa: true
        paths:
          /app/deep/: {headers: {X-Deep: deep}}
""" % c


# ---- Groups -------------------------------------------------------------------------------------

def names(client, path, times, **asked):
    return [client.ask("group.test", path, **asked).seen().get("name") for _ in range(times)]


def test_work_is_shared(client, c, expect):
    expect("in turn", sorted(names(client, "/both/", 10)), ["a"] * 5 + ["b"] * 5)
    expect("by weight", sorted(names(client, "/weighed/", 20)), ["a"] * 18 + ["b"] * 2)
    expect("none by weight 0", names(client, "/down/", 4), ["b"] * 4)
    expect("spare", names(client, "/spare/", 3), ["spare"] * 3)
    expect("same client", len(set(names(client, "/same/", 6))), 1)
    by_path = [set(names(client, "/by-path/%d" % i, 3)) for i in range(12)]
    expect("same path", [len(s) for s in by_path], [1] * 12)
    expect("paths differ", len(set.union(*by_path)), 2)


def test_next_server_is_asked(client, c, expect):
    expect("for a status", set(names(client, "/retry/", 4)), {"a"})
    statuses = [client.ask("group.test", "/no-retry/").status for _ in range(2)]
    expect("never", sorted(statuses), [200, 502])


def test_connections_are_kept(client, c, expect):
    handler = c["handler_spare"]
    handler.connections.clear()
    seen = [client.ask("group.test", "/kept/").seen() for _ in range(5)]
    expect("no close", {s["headers"].get("connection") for s in seen}, {None})
    expect("one connection", len(handler.connections), 1)


# ---- Headers ------------------------------------------------------------------------------------

def test_values(client, c, expect):
    sent = [("X-Other", "a \"b\" $host ;"), ("Cookie", "session=s1; other=2")]
    answer = client.ask("headers.test", "/values/x?lang=%0d%0aX-Evil:%201&b=$c", headers=sent)
    seen = answer.seen()["headers"]
    expect("asked", seen.get("x-asked"),
           "https://headers.test/values/x?lang=%0d%0aX-Evil:%201&b=$c")
    expect("cookie", seen.get("x-session"), "<s1>")
    expect("parameter", seen.get("x-lang"), "%0d%0aX-Evil:%201")
    expect("header", seen.get("x-echo"), "a \"b\" $host ;")
    expect("client", seen.get("x-client"), "127.0.0.1")
    expect("dollar", seen.get("x-cost"), "5 $")
    expect("no header of the client's own", (seen.get("x-evil"), answer.all("X-Evil")), (None, []))
    expect("answer", (answer.one("X-Asked"), answer.one("X-Lang"), answer.one("X-Same")),
           ("a \"b\" $host ;", "%0d%0aX-Evil:%201;", "same"))
    expect("nothing sent", client.ask("headers.test", "/values/").all("X-Asked"), [])


def test_request_headers(client, c, expect):
    sent = [("Authorization", "Basic abc"), ("X-Tenant", "evil"), ("X-Other", "kept")]
    seen = client.ask("headers.test", "/", headers=sent).seen()["headers"]
    for name, value in {"x-tenant": "shop", "x-both": "site", "authorization": None,
                        "x-other": "kept", "x-real-ip": "127.0.0.1"}.items():
        expect(name, seen.get(name), value)
    seen = client.ask("headers.test", "/api/", headers=sent).seen()["headers"]
    for name, value in {"x-tenant": "shop", "x-both": "api", "host": "api.internal",
                        "x-dollar": "$host", "authorization": None}.items():
        expect("path " + name, seen.get(name), value)
    seen = client.ask("headers.test", "/host/").seen()["headers"]
    expect("host", seen.get("host"), "other.internal")
    expect("asked host", seen.get("x-forwarded-host"), "headers.test:%d" % c["https"])


def test_headers_are_hidden(client, c, expect):
    answer = client.ask("headers.test", "/")
    expect("hidden", answer.all("X-Powered-By"), [])
    expect("others", answer.one("X-Shown"), "shown")
    answer = client.ask("headers.test", "/shown/")
    expect("hidden in a path", answer.all("X-Shown"), [])
    expect("of the path alone", answer.one("X-Powered-By"), "secret")
    expect("ours", answer.one("X-Content-Type-Options"), "nosniff")


# ---- TLS ----------------------------------------------------------------------------------------

def test_programs_behind_tls(client, c, expect):
    expect("good", client.ask("tls.test", "/").seen().get("name"), "good.test")
    expect("wrong name", client.ask("tls.test", "/wrong/").status, 502)
    expect("unknown authority", client.ask("tls.test", "/unknown/").status, 502)
    expect("not verified", client.ask("tls.test", "/any/").seen().get("name"), "other.test")
    expect("client certificate", client.ask("tls.test", "/shown/").seen().get("name"), "good.test")
    expect("without it", client.ask("tls.test", "/unshown/").status, 502)


# ---- Protocols ----------------------------------------------------------------------------------

def test_grpc(client, c, expect):
    for host, path, scheme in [("protocols.test", "/shop.v1.Cart/Get", "http"),
                               ("tls.test", "/rpc/Get", "https")]:
        answer = client.ask(host, path, method="POST", headers=[("Content-Type", "application/grpc")])
        seen = answer.seen()
        expect("path", seen["path"], path)
        expect("protocol", seen.get("protocol"), "HTTP/2.0")
        expect("scheme", seen.get("scheme"), scheme)
        expect("ours", answer.one("X-Frame-Options"), "SAMEORIGIN")
    expect("header", client.ask("protocols.test", "/x").seen().get("tenant"), "shop")


def test_fastcgi(client, c, expect):
    answer = client.ask("protocols.test", "/cgi/a.cgi?b=c", method="POST", body=b"12345",
                        headers=[("Proxy", "http://evil.test"), ("Content-Type", "text/x")])
    params = answer.seen().get("params", {})
    for name, value in {
            "SCRIPT_FILENAME": "/srv/cgi/cgi/a.cgi", "SCRIPT_NAME": "/cgi/a.cgi",
            "DOCUMENT_ROOT": "/srv/cgi", "QUERY_STRING": "b=c", "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": "5", "CONTENT_TYPE": "text/x", "REQUEST_URI": "/cgi/a.cgi?b=c",
            "HTTPS": "on", "REQUEST_SCHEME": "https", "SERVER_NAME": "protocols.test",
            "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_X_TENANT": "shop",
            "X_OWN": "own", "HTTP_PROXY": None}.items():
        expect(name, params.get(name), value)
    expect("body", answer.seen().get("body"), 5)
    expect("hidden", answer.all("X-Powered-By"), [])
    expect("not doubled", answer.one("X-Frame-Options"), "DENY")
    params = client.ask("protocols.test", "/one/x/y?z").seen().get("params", {})
    for name, value in {"SCRIPT_FILENAME": "/srv/one.cgi", "SCRIPT_NAME": "/one",
                        "PATH_INFO": "/x/y", "QUERY_STRING": "z"}.items():
        expect("one " + name, params.get(name), value)
    params = client.ask("protocols.test", "/app/x").seen().get("params", {})
    expect("application", (params.get("SCRIPT_NAME"), params.get("PATH_INFO")), ("", "/app/x"))


def test_uwsgi(client, c, expect):
    params = client.ask("protocols.test", "/wsgi/a%20b?q").seen().get("params", {})
    for name, value in {"SCRIPT_NAME": "/wsgi", "PATH_INFO": "/a b", "QUERY_STRING": "q",
                        "REQUEST_METHOD": "GET", "HTTPS": "on", "HTTP_X_TENANT": "shop"}.items():
        expect(name, params.get(name), value)
    params = client.ask("protocols.test", "/wsgi/part/a").seen().get("params", {})
    expect("a part", [params.get(name) for name in ("SCRIPT_NAME", "PATH_INFO")], ["/wsgi", "/part/a"])


# ---- Paths inside of paths ----------------------------------------------------------------------

def test_inner_paths(client, c, expect):
    expect("around", client.ask("inner.test", "/api/x").status, 403)
    answer = client.ask("inner.test", "/api/open/x")
    expect("stripped", answer.seen()["path"], "/open/x")
    expect("headers of all", [answer.one("X-" + n) for n in ("Site", "Api", "Open")],
           ["site", "api", "open"])
    expect("request header", answer.seen()["headers"].get("x-level"), "api")
    expect("prefix", answer.seen()["headers"].get("x-forwarded-prefix"), "/api")
    expect("fixed", client.ask("inner.test", "/api/fixed").body, b"fixed")
    answer = client.ask("inner.test", "/api/a.json")
    expect("by regex", answer.seen()["path"], "/a.json")
    expect("its header", answer.seen()["headers"].get("x-level"), "json")
    expect("headers around it", answer.one("X-Api"), "api")
    expect("regex only there", client.ask("inner.test", "/a.json").seen()["headers"].get("x-level"),
           "site")


def test_inner_files(client, c, expect):
    answer = client.ask("inner.test", "/static/a.css")
    expect("file", answer.body, b"css")
    expect("cache", answer.one("Cache-Control"), "public, max-age=86400")
    expect("dot files", client.ask("inner.test", "/static/.git/a.css").status, 404)
    answer = client.ask("inner.test", "/static/a.pdf")
    expect("other", (answer.body, answer.all("Cache-Control")), (b"pdf", []))
    expect("missing", client.ask("inner.test", "/static/none.css").status, 404)
    expect("no leak", client.ask("inner.test", "/static../app/index.html").seen()["path"],
           "/static../app/index.html")
    answer = client.ask("inner.test", "/app/deep/link")
    expect("application", answer.body, b"inner app")
    expect("its header", answer.one("X-Deep"), "deep")
