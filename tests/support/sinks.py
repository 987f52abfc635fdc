"""Small servers on loopback that tests send to: they keep what came and answer as they are told."""

import http.server
import json
import socketserver
import ssl
import threading


class HttpSink:
    """answers: what the next requests get, (status, headers) or a function of the request that may
    wait; 200 when there are none left. requests: dictionaries with path, headers and body."""

    def __init__(self, certificate=None, key=None):
        self.scheme = "http" if certificate is None else "https"
        self.requests = []
        self.answers = []
        self.arrived = threading.Event()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = {"path": self.path, "headers": dict(self.headers), "body": body}
                answer = sink.answers.pop(0) if sink.answers else (200, {})
                sink.requests.append(request)
                sink.arrived.set()
                status, headers = answer(request) if callable(answer) else answer
                text = b"noted\n"
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass  # whoever asked did not wait

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"

    def take(self):
        """What came since the last time."""
        taken, self.requests = self.requests, []
        self.arrived.clear()
        return taken

    def messages(self):
        return [json.loads(request["body"]) for request in self.take()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class EndlessSink:
    """Answers 200, and then goes on for as long as somebody listens."""

    def __init__(self):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(65536)
                try:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while True:
                        self.request.sendall(b"x" * 4096)
                except OSError:
                    pass  # cut off

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class SmtpSink:
    """mails: dictionaries with from, to (a list) and data (bytes, lines end in CRLF). refusals:
    addresses that are not taken; answer: what a message's end gets."""

    def __init__(self):
        self.mails = []
        self.refusals = set()
        self.answer = "250 queued"
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def data(self):
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b"..") else line)
                return b"".join(lines)

            def handle(self):
                mail = {"to": []}
                self.say("220 sink")
                while line := self.rfile.readline():
                    words = line.decode().strip()
                    verb = words.split(" ")[0].split(":")[0].upper()
                    if verb == "MAIL":
                        mail = {"from": words.split("<")[1].split(">")[0], "to": []}
                    if verb == "RCPT":
                        address = words.split("<")[1].split(">")[0]
                        if address in sink.refusals:
                            self.say("550 no such user")
                            continue
                        mail["to"].append(address)
                    if verb == "DATA":
                        self.say("354 go on")
                        mail["data"] = self.data()
                        if sink.answer.startswith("2"):
                            sink.mails.append(mail)
                        self.say(sink.answer)
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 fine")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
