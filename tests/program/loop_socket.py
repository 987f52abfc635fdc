"""A control socket for tests of statusd: stands in for the loop.

    loop_socket.py SOCKET ACTION...      until it is ended
"""

import json
import signal
import socket
import struct
import sys
import threading
import time


class Loop:
    """The control socket: answers every question, and keeps them."""

    def __init__(self, path, actions=()):
        self.asked = []
        self.actions = list(actions)
        self.refusal = None  # what it says to everything but "status"
        self.delay = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                data = connection.recv(65536)
                (length,) = struct.unpack("!I", data[:4])
                while len(data) < 4 + length:
                    data += connection.recv(65536)
                question = json.loads(data[4:])
                self.asked.append(question)
                answer = {"ok": True}
                if question["ask"] == "status":
                    answer["actions"] = self.actions
                elif self.refusal:
                    answer = {"ok": False, "error": self.refusal}
                if question["ask"] != "status":
                    time.sleep(self.delay)
                answer = json.dumps(answer).encode()
                connection.sendall(struct.pack("!I", len(answer)) + answer)

    def count(self, ask="fetch"):
        return sum(question["ask"] == ask for question in self.asked)

    def wait_for(self, count, ask="fetch"):
        for _ in range(100):
            if self.count(ask) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(f"the loop was asked {self.asked}")


if __name__ == "__main__":
    Loop(sys.argv[1], sys.argv[2:])
    signal.pause()
