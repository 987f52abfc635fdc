"""Rendered sites in a real nginx: backends that tell what reached them, a name server, the tree put
under a main configuration like Debian's, and a client that sends exactly what it is told."""

import base64
import hashlib
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

from trial_host import free_port

ANSWER_TIMEOUT = 10  # seconds


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


# ---- Backend ------------------------------------------------------------------------------------

class Backend(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON; some paths do more."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def upgrade(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.wfile.write(self.rfile.read(5)[::-1])
        self.close_connection = True

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        path = self.path.split("?")[0]
        if path.startswith("/own-headers"):
            self.answer(200, b"own", [
                ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"), ("Strict-Transport-Security", "max-age=1"),
                ("Content-Security-Policy", "default-src https:"), ("X-Own", "kept"),
                ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Cache-Control", "no-store")])
        elif path.startswith("/fail"):
            self.answer(500, b"failed", [("X-Frame-Options", "DENY")])
        elif path.startswith("/accel"):
            self.answer(200, b"", [("X-Accel-Redirect", "/private/secret.txt")])
        elif path.startswith("/slow"):
            time.sleep(3)
            self.answer(200, b"late")
        elif path.startswith("/text"):
            self.answer(200, b"text " * 1000, [("Content-Type", "text/plain")])
        elif "Sec-WebSocket-Key" in self.headers and self.headers.get("Upgrade") == "websocket":
            self.upgrade()
        else:
            seen = {"path": self.path, "method": self.command,
                    "headers": {k.lower(): v for k, v in self.headers.items()}}
            self.answer(200, json.dumps(seen).encode(), [("Content-Type", "application/json")])

    do_POST = do_PUT = do_HEAD = do_GET


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)
        os.chmod(self.server_address, 0o777)
        self.server_name, self.server_port = "socket", 0

    def get_request(self):
        request, _ = self.socket.accept()
        return request, ("socket", 0)


class Server6(Server):
    address_family = socket.AF_INET6


class NameServer(socketserver.BaseRequestHandler):
    """Knows one name, backend.test, which is 127.0.0.1; anything else does not exist."""

    def handle(self):
        query, sock = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        question = query[12:at + 5]
        is_known = labels == ["backend", "test"]
        is_ipv4 = question[-4:-2] == b"\0\1"
        code = b"\x81\x80" if is_known else b"\x81\x83"
        count = b"\0\1" if is_known and is_ipv4 else b"\0\0"
        reply = query[:2] + code + b"\0\1" + count + b"\0\0\0\0" + question
        if count == b"\0\1":
            reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([127, 0, 0, 1])
        sock.sendto(reply, self.client_address)


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start_backends(c):
    c["backend"] = serve(Server(("127.0.0.1", 0), Backend)).server_port
    c["backend6"] = serve(Server6(("::1", 0), Backend)).server_port if c["ipv6"] else free_port()
    c["dead"] = free_port()
    c["socket"] = c["state"] + "/backend.socket"
    serve(UnixServer(c["socket"], Backend))
    c["dns"] = serve(socketserver.ThreadingUDPServer(("127.0.0.1", 0), NameServer)).server_address[1]


# ---- nginx --------------------------------------------------------------------------------------

def nginx_version():
    text = subprocess.run(["nginx", "-v"], stderr=subprocess.PIPE, text=True, check=True).stderr
    numbers = text.split("/")[1].split()[0].split(".")
    return int(numbers[0]) * 1000000 + int(numbers[1]) * 1000 + int(numbers[2])


def stream_module():
    """The file that nginx loads for streams, "" where they are built in, None where it has none."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    words = subprocess.run([program, "-V"], stderr=subprocess.PIPE, text=True, check=True).stderr.split()
    if "--with-stream" in words:
        return ""
    for word in words:
        path = word.partition("=")[2] + "/ngx_stream_module.so"
        if word.startswith("--modules-path=") and os.path.exists(path):
            return path
    return None


def load_stream_module():
    """The line of the main file with which nginx knows streams."""
    module = stream_module()
    return "load_module %s;\n" % module if module else ""


MAIN = """%(modules)sworker_processes 1;
daemon off;
pid %(state)s/nginx.pid;
error_log %(state)s/error.log;
events { worker_connections 768; }
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log off;
    gzip on;
    client_body_temp_path %(state)s/tmp-body;
    proxy_temp_path %(state)s/tmp-proxy;
    fastcgi_temp_path %(state)s/tmp-fastcgi;
    uwsgi_temp_path %(state)s/tmp-uwsgi;
    scgi_temp_path %(state)s/tmp-scgi;
%(includes)s}
%(streams)s"""


def run(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=60)
    if result.returncode != 0:
        sys.exit("%s: status %d\n%s" % (command[0], result.returncode, result.stdout))
    return result.stdout


def render(c, documents):
    """The tree as nginx reads it; its main.conf and proof.conf belong to apply. documents: texts by
    name, each a file."""
    state = c["state"]
    for name, text in documents.items():
        write("%s/folder/%s.yaml" % (state, name), text)
    listen = '["127.0.0.1", "::1"]' if c["ipv6"] else '["127.0.0.1"]'
    write(state + "/settings.yaml", """state: %s
nginx: {directory: /etc/nginx, log: %s/log, cache: %s/cache, listen: %s, http_port: %d, https_port: %d}
""" % (state, state, state, listen, c["http"], c["https"]))
    write(state + "/facts.json", json.dumps({
        "cpus": 2, "memory_bytes": 1 << 30, "nginx_version": c["version"],
        "nginx_modules": "http_ssl http_stub_status http_v2 stream", "systemd_version": 252, "has_ipv6": c["ipv6"],
        "nameservers": "127.0.0.1:%d" % c["dns"], "foreign_default_servers": "",
        "is_assumed": False}))
    run(os.environ["RECONCILE"], "render", state + "/folder", "--out", state + "/out",
        "--config", state + "/settings.yaml", "--facts", state + "/facts.json")
    os.makedirs(state + "/log")
    os.makedirs(state + "/cache/reconcile")
    return state + "/out/etc/nginx/reconcile"


def make_certificates(tree, state, more=()):
    pair = state + "/pair"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=test", "-keyout", pair + ".key", "-out", pair + ".pem")
    names = [name[:-len(".conf")] for name in os.listdir(tree + "/http/sites")]
    for name in [*names, *more]:
        folder = "%s/certificates/%s" % (state, name)
        os.makedirs(folder)
        shutil.copy(pair + ".key", folder + "/key.pem")
        shutil.copy(pair + ".pem", folder + "/fullchain.pem")


def start_nginx(tree, c):
    members = sorted(os.path.relpath(os.path.join(folder, name), tree)
                     for folder, _, names in os.walk(tree) for name in names)
    lines = [(m.split("/")[0], '    include "%s/%s";\n' % (tree, m)) for m in members]
    includes, streams = ("".join(line for level, line in lines if level == wanted)
                         for wanted in ["http", "stream"])
    main = c["state"] + "/nginx.conf"
    write(main, MAIN % dict(c, includes=includes, streams="stream {\n%s}\n" % streams if streams else "",
                            modules=load_stream_module() if streams else ""))
    complaints = run("nginx", "-t", "-q", "-e", "stderr", "-p", c["state"], "-c", main).splitlines()
    # Sites may know an ending otherwise than the machine does.
    complaints = [line for line in complaints if "duplicate extension" not in line]
    if complaints:
        sys.exit("nginx warns:\n" + "\n".join(complaints))
    process = subprocess.Popen(["nginx", "-e", c["state"] + "/error.log", "-p", c["state"], "-c", main],
                               stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", c["https"]), 1).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.terminate()
    sys.exit("nginx does not listen")


# ---- Asking -------------------------------------------------------------------------------------

class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if data else 0  # 0: closed without an answer
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
        if self.all("Transfer-Encoding") == ["chunked"]:
            self.body = unchunk(self.body)

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def one(self, name):
        values = self.all(name)
        return values[0] if len(values) == 1 else values

    def seen(self):
        """What the backend was asked; what came instead stands under "path"."""
        if self.status == 200 and self.body.startswith(b"{"):
            return json.loads(self.body)
        return {"path": "%d %r" % (self.status, self.body[:200]), "headers": {}}


def unchunk(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        out, data = out + data[:length], data[length + 2:]
    return out


def is_whole(data, method):
    """As long as it says: nginx goes on for a while to read a body that it has refused."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return end and length and method != "HEAD" and len(body) >= int(length.group(1))


class Client:
    def __init__(self, c):
        self.c = c

    def connect(self, name, tls, address="127.0.0.1"):
        port = self.c["https" if tls else "http"]
        sock = socket.create_connection((address, port), ANSWER_TIMEOUT)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = context.wrap_socket(sock, server_hostname=name)
        return sock

    def ask(self, host, path, method="GET", tls=True, headers=(), body=b"", sni=None,
            address="127.0.0.1"):
        with self.connect(sni or host, tls, address) as sock:
            lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + host, "Connection: close"]
            lines += ["%s: %s" % h for h in headers]
            if body:
                lines.append("Content-Length: %d" % len(body))
            sock.sendall("\r\n".join(lines + ["", ""]).encode() + body)
            data = b""
            try:
                while not is_whole(data, method) and (chunk := sock.recv(65536)):
                    data += chunk
            except OSError:
                pass  # closed without an answer
            return Answer(data)
