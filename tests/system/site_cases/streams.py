"""Streams: TCP and UDP passed on as they are, to whom, from whom, and what is written down."""

import json
import os
import socket
import socketserver
import ssl
import threading
import time

from site_nginx import free_port, serve, stream_module

TIMEOUT = 5


class Echo(socketserver.BaseRequestHandler):
    """Says its name, then what it hears."""

    def handle(self):
        try:
            self.request.sendall(self.server.name)
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except OSError:
            pass


class EchoServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Echo)
        self.name = name


class EchoUnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    name = b"unix:"


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(b"udp:" + data, self.client_address)


def port_of(server):
    return serve(server).server_address[1]


def prepare(c):
    c["stream_module"] = stream_module()
    for name in ["echo", "spare", "named", "proxied", "datagram", "refused", "allowed", "limited",
                 "idle", "unix", "tls", "first", "quiet"]:
        c["listen_" + name] = free_port()
    c["echo"] = port_of(EchoServer(b"echo:"))
    c["echo_other"] = port_of(EchoServer(b"other:"))
    c["echo_udp"] = port_of(socketserver.ThreadingUDPServer(("127.0.0.1", 0), Datagram))
    c["echo_socket"] = c["state"] + "/echo.socket"
    serve(EchoUnixServer(c["echo_socket"], Echo))
    os.chmod(c["echo_socket"], 0o777)
    c.setdefault("certificates", []).append("stream-pair")


def documents(c):
    if c["stream_module"] is None:
        return "sites: {}\n"
    return """
defaults:
  sites: {headers: {X-Default: "1"}, tls: internal}
certificates:
  stream-pair: {names: [stream.test]}
sites:
  stream-echo: {stream: 127.0.0.1:%(echo)d, listen: [%(listen_echo)d], log: json}
  stream-spare:
    stream: {to: [127.0.0.1:%(dead)d, {address: 127.0.0.1:%(echo_other)d, backup: true}], tries: 2}
    listen: [%(listen_spare)d]
    log: combined
  stream-first:
    stream:
      to: [127.0.0.1:%(echo)d, {address: 127.0.0.1:%(echo_other)d, weight: 3}]
      balance: least-connections
    listen: [%(listen_first)d]
  stream-named: {stream: "backend.test:%(echo)d", listen: [%(listen_named)d]}
  stream-proxied:
    stream: {to: 127.0.0.1:%(echo)d, proxy_protocol: true}
    listen: [%(listen_proxied)d]
  stream-datagram:
    stream: {to: 127.0.0.1:%(echo_udp)d, protocol: udp, responses: 1}
    listen: [%(listen_datagram)d, %(listen_echo)d]
  stream-refused: {stream: 127.0.0.1:%(echo)d, listen: [%(listen_refused)d], deny: [127.0.0.1, "::1"]}
  stream-allowed: {stream: 127.0.0.1:%(echo)d, listen: [%(listen_allowed)d], allow: [127.0.0.1]}
  stream-limited: {stream: 127.0.0.1:%(echo)d, listen: [%(listen_limited)d], connection_limit: 1}
  stream-idle: {stream: {to: 127.0.0.1:%(echo)d, timeout: 1s}, listen: [%(listen_idle)d]}
  stream-unix: {stream: "unix:%(echo_socket)s", listen: ["127.0.0.1:%(listen_unix)d"]}
  stream-tls:
    stream: 127.0.0.1:%(echo)d
    listen: [%(listen_tls)d]
    tls: certificate:stream-pair
  stream-quiet: {stream: 127.0.0.1:%(dead)d, listen: [%(listen_quiet)d], log: {format: off, errors: info}}
""" % c


def listen(c, what, address="127.0.0.1"):
    return socket.create_connection((address, c["listen_" + what]), TIMEOUT)


def read(sock, length):
    """So many bytes, or all there are; what came before an error."""
    data = b""
    try:
        while len(data) < length and (part := sock.recv(length - len(data))):
            data += part
    except OSError:
        pass
    return data


def say(c, what, text=b"hello", address="127.0.0.1"):
    with listen(c, what, address) as sock:
        try:
            sock.sendall(text)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # nginx has closed it
        return read(sock, 1000)


def say_datagram(c, what, text, address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect((address, c["listen_" + what]))
        sock.send(text)
        try:
            return sock.recv(1000)
        except OSError:
            return b""


def test_streams_pass_connections_on(client, c, expect):
    if c["stream_module"] is None:
        print("NOT RUN: nginx has no streams")
        return
    expect("echo", say(c, "echo"), b"echo:hello")
    if c["ipv6"]:
        expect("IPv6", say(c, "echo", address="::1"), b"echo:hello")
    expect("bytes as they are", say(c, "echo", bytes(range(256))), b"echo:" + bytes(range(256)))
    expect("socket", say(c, "unix"), b"unix:hello")
    expect("name", say(c, "named"), b"echo:hello")


def test_streams_go_to_those_that_answer(client, c, expect):
    if c["stream_module"] is None:
        return
    expect("spare", [say(c, "spare") for _ in range(3)], [b"other:hello"] * 3)
    with listen(c, "first") as one, listen(c, "first") as two:
        names = sorted([read(one, 5), read(two, 5)])
    expect("least connections", names, [b"echo:", b"other"])


def test_streams_tell_the_clients_address(client, c, expect):
    if c["stream_module"] is None:
        return
    with listen(c, "proxied") as sock:
        port = sock.getsockname()[1]
        sock.sendall(b"hello")
        head = b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (port, c["listen_proxied"])
        wanted = b"echo:" + head + b"hello"
        expect("PROXY protocol", read(sock, len(wanted)), wanted)


def test_streams_of_datagrams(client, c, expect):
    if c["stream_module"] is None:
        return
    expect("UDP", say_datagram(c, "datagram", b"hello"), b"udp:hello")
    expect("another one", say_datagram(c, "datagram", b""), b"udp:")
    expect("the port of a TCP stream", say_datagram(c, "echo", b"hello"), b"udp:hello")
    if c["ipv6"]:
        expect("IPv6", say_datagram(c, "datagram", b"x", "::1"), b"udp:x")


def test_streams_keep_clients_out(client, c, expect):
    if c["stream_module"] is None:
        return
    expect("refused", say(c, "refused"), b"")
    expect("allowed", say(c, "allowed"), b"echo:hello")
    if c["ipv6"]:
        expect("not allowed", say(c, "allowed", address="::1"), b"")
    with listen(c, "limited") as sock:
        expect("the first", read(sock, 5), b"echo:")
        expect("one too many", say(c, "limited"), b"")
    time.sleep(0.2)
    expect("the next", say(c, "limited"), b"echo:hello")


def test_streams_end_when_idle(client, c, expect):
    if c["stream_module"] is None:
        return
    with listen(c, "idle") as sock:
        begin = time.monotonic()
        expect("greeting and end", read(sock, 1000), b"echo:")
        expect("after its time", 0.8 < time.monotonic() - begin < 4, True)


def test_streams_behind_tls(client, c, expect):
    if c["stream_module"] is None:
        return
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with listen(c, "tls") as plain, context.wrap_socket(plain, server_hostname="stream.test") as sock:
        sock.sendall(b"secret")
        expect("TLS", read(sock, 11), b"echo:secret")
        expect("version", sock.version(), "TLSv1.3")
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with listen(c, "tls") as plain, context.wrap_socket(plain):
            expect("old TLS", "taken", "refused")
    except OSError:
        pass


def test_streams_write_down_what_was(client, c, expect):
    if c["stream_module"] is None:
        return
    say(c, "quiet")
    say(c, "echo", b"12345678")
    say(c, "spare")
    path = "%s/log/stream-%s.%s.log"
    for _ in range(50):
        with open(path % (c["state"], "echo", "access"), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        if any(line["bytes_received"] == 8 for line in lines):
            break
        time.sleep(0.02)
    found = [line for line in lines if line["bytes_received"] == 8]
    expect("lines", len(found), 1)
    expect("line", [found[0][n] for n in ["client", "protocol", "port", "status", "bytes", "backend"]],
           ["127.0.0.1", "TCP", str(c["listen_echo"]), 200, 13, "127.0.0.1:%d" % c["echo"]])
    with open(path % (c["state"], "spare", "access"), encoding="utf-8") as f:
        expect("plain", "TCP %d 200 " % c["listen_spare"] in f.read(), True)
    with open(path % (c["state"], "quiet", "error"), encoding="utf-8") as f:
        expect("errors", "Connection refused" in f.read(), True)
    expect("off", os.path.exists(path % (c["state"], "quiet", "access")), False)
