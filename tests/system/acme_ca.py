"""A certificate authority that speaks ACME, for tests: pebble, and the name server that it and the
host ask, which knows every name and answers with 127.0.0.1. All of it is in a network of its own, so
that names and ports are those of the world."""

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request

from trial_host import free_port, write

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
RESOLVERS = "/etc/resolv.conf"
START_SECONDS = 20
INSIDE = "TEST_ACME_INSIDE"
HTTP, HTTPS, DNS = 80, 443, 53
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # netdevice(7)


def missing():
    """What is needed and not there; None: nothing."""
    for program in ("pebble", "pebble-challtestsrv", "uacme", "openssl", "nginx"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            return program
    return None if os.geteuid() == 0 else "root, who alone can have its own view of whom to trust"


def enter(arguments):
    """The rest of the test has a network of its own, and sees a file of trusted authorities and one of
    name servers of its own: uacme reads those of the system and can be told of no other."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private", *arguments])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:  # ip link set lo up
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=30)


class Relay:
    """The resolver of the host: asks the test's name server, which does not say that it looks further
    (RA), so that the C library takes its empty answers for those of a server that knows nothing."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", DNS))
        self.socket.settimeout(0.2)
        self.is_over = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_over:
            try:
                question, sender = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(2)
                try:
                    asking.sendto(question, ("127.0.0.1", self.port))
                    answer = bytearray(asking.recv(4096))
                except OSError:
                    continue
            answer[3] |= 0x80
            self.socket.sendto(answer, sender)

    def close(self):
        self.is_over = True
        self.thread.join()
        self.socket.close()


class AcmeCa:
    """Use as a context, inside of `enter`. customers: the keys that it has given out, by their
    identifiers; it then opens accounts for nobody else."""

    def __init__(self, lifetime=90 * 24 * 3600, customers=None, **environment):
        self.folder = tempfile.mkdtemp(prefix="acme-ca.")
        self.lifetime, self.customers = lifetime, customers
        usual = {"PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        if "PEBBLE_VA_SLEEPTIME" not in environment:
            usual["PEBBLE_VA_NOSLEEP"] = "1"
        self.environment = {**os.environ, **usual, **environment}
        self.port, self.management, self.dns, self.dns_management = (free_port() for _ in range(4))
        self.relay = Relay(self.dns)
        self.url = f"https://localhost:{self.port}/dir"
        self.processes = []

    def __enter__(self):
        self._make_root()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.relay.close()
        for path in (BUNDLE, RESOLVERS):
            subprocess.run(["umount", path], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_root(self):
        openssl(self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                "-days", "2", "-subj", "/CN=ACME test")
        openssl(self.folder, "req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key", "-out",
                "server.csr", "-subj", "/CN=localhost")
        write(os.path.join(self.folder, "names"), "subjectAltName=DNS:localhost\n")
        openssl(self.folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "2", "-out", "server.pem", "-extfile",
                "names")
        bundle = os.path.join(self.folder, "bundle.pem")
        with open(bundle, "wb") as out:
            for path in (BUNDLE, os.path.join(self.folder, "ca.pem")):
                with open(path, "rb") as file:
                    out.write(file.read())
        os.chmod(self.folder, 0o711)
        resolvers = os.path.join(self.folder, "resolv.conf")
        write(resolvers, "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        os.chmod(bundle, 0o644)
        os.chmod(resolvers, 0o644)
        subprocess.run(["mount", "--bind", resolvers, RESOLVERS], check=True)
        self.trust()

    def trust(self):
        """As the system does once its root is installed."""
        subprocess.run(["mount", "--bind", os.path.join(self.folder, "bundle.pem"), BUNDLE],
                       check=True)

    def distrust(self):
        subprocess.run(["umount", BUNDLE], check=True)

    def _spawn(self, log, *words):
        with open(os.path.join(self.folder, log + ".log"), "ab") as file:
            self.processes.append(subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *words], cwd=self.folder,
                env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file))

    def _start_authority(self, log, port, management):
        customers = {} if self.customers is None else {
            "externalAccountBindingRequired": True, "externalAccountMACKeys": self.customers}
        write(os.path.join(self.folder, log + ".json"), json.dumps({"pebble": {
            **customers,
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": "server.pem", "privateKey": "server.key",
            "httpPort": HTTP, "tlsPort": free_port(), "ocspResponderURL": "",
            "certificateValidityPeriod": self.lifetime}}))
        self._spawn(log, "pebble", "-config", log + ".json", "-dnsserver",
                    f"127.0.0.1:{self.dns}", "-strict=false")

    def start(self):
        self._spawn("dns", "pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns}", "-management",
                    f"127.0.0.1:{self.dns_management}", "-defaultIPv4", "127.0.0.1",
                    "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "")
        self._start_authority("authority", self.port, self.management)
        self._wait(lambda: self.dns_says("clear-txt", host="ready."))
        self._wait(self.root)

    def start_rehearsal(self):
        """Another one, for rehearsals: its directory."""
        port = free_port()
        self._start_authority("rehearsal", port, free_port())
        self._wait(lambda: socket.create_connection(("127.0.0.1", port)).close())
        return f"https://localhost:{port}/dir"

    def orders(self, log="authority"):
        """How many it was asked for."""
        with open(os.path.join(self.folder, log + ".log"), encoding="utf-8") as file:
            return sum("orders in the db" in line for line in file)

    def _wait(self, is_ready):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                is_ready()
                return
            except (OSError, subprocess.CalledProcessError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(timeout=10)
        self.processes = []

    def dns_says(self, what, **fields):
        """Tells the name server: set-servfail, add-a, set-txt, ...; names end in a dot."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.dns_management}/{what}",
                                         data=json.dumps(fields).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()

    def root(self):
        """PEM of the authority that signs."""
        done = subprocess.run(["curl", "-sf", "--cacert", os.path.join(self.folder, "ca.pem"),
                               f"https://localhost:{self.management}/roots/0"], check=True,
                              stdout=subprocess.PIPE, text=True, timeout=10)
        return done.stdout
