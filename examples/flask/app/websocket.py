"""A websocket (RFC 6455) that sends back what it gets, on a plain thread of gunicorn.

gunicorn hands the connection over as environ["gunicorn.socket"]. Each open websocket holds one
thread, so `--threads` limits them.
"""

import base64
import hashlib
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PAYLOAD_MAX = 1 << 16
CLOSE, PING, PONG = 0x8, 0x9, 0xA
PROTOCOL_ERROR, TOO_BIG = 1002, 1009


class Closed(Exception):
    """The connection ended."""


class Refused(Exception):
    """The other side broke the protocol; the argument is the code to close with."""


def read(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise Closed
    return data


def read_frame(stream):
    """First byte (fin and opcode) and payload. A client masks all that it sends."""
    first, second = read(stream, 2)
    size = second & 0x7F
    if not second & 0x80 or first & 0x70 or (first & CLOSE and size > 125):
        raise Refused(PROTOCOL_ERROR)
    if size == 126:
        (size,) = struct.unpack("!H", read(stream, 2))
    elif size == 127:
        (size,) = struct.unpack("!Q", read(stream, 8))
    if size > PAYLOAD_MAX:
        raise Refused(TOO_BIG)
    mask = read(stream, 4)
    payload = read(stream, size)
    return first, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def write_frame(connection, first, payload):
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    connection.sendall(head + payload)


def echo(connection, stream):
    while True:
        first, payload = read_frame(stream)
        opcode = first & 0x0F
        if opcode == PING:
            write_frame(connection, 0x80 | PONG, payload)
        elif opcode == CLOSE:
            write_frame(connection, 0x80 | CLOSE, payload[:2])
            return
        elif opcode != PONG:
            write_frame(connection, first, payload)  # parts of a message stay parts


class WebSocketEcho:
    """WSGI middleware that answers one path itself and leaves the rest to the application."""

    def __init__(self, application, path):
        self.application = application
        self.path = path

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != self.path:
            return self.application(environ, start_response)
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY")
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket" or key is None:
            start_response("426 Upgrade Required", [("Upgrade", "websocket")])
            return [b"a websocket is expected here\n"]
        self.serve(environ["gunicorn.socket"], key)
        raise StopIteration  # to gunicorn: the connection has been answered

    @staticmethod
    def serve(connection, key):
        accept = base64.b64encode(hashlib.sha1(key.encode("latin-1") + GUID).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        stream = connection.makefile("rb")
        try:
            echo(connection, stream)
        except Refused as refused:
            write_frame(connection, 0x80 | CLOSE, struct.pack("!H", refused.args[0]))
        except (Closed, OSError):
            pass
