"""A certificate authority that speaks ACME, for tests: pebble, and the name server that it asks,
which knows every name and answers with 127.0.0.1."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

from trial_host import free_port, write

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
START_SECONDS = 20
INSIDE = "TEST_ACME_INSIDE"


def missing():
    """What is needed and not there; None: nothing."""
    for program in ("pebble", "pebble-challtestsrv", "uacme", "openssl", "nginx"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            return program
    return None if os.geteuid() == 0 else "root, who alone can have its own view of whom to trust"


def enter(arguments):
    """The rest of the test sees a file of trusted authorities of its own: uacme reads that of the
    system and can be told of no other."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *arguments])


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=30)


class AcmeCa:
    """Use as a context, inside of `enter`. http_port is where it looks for proofs."""

    def __init__(self, http_port, lifetime=90 * 24 * 3600, **environment):
        self.folder = tempfile.mkdtemp(prefix="acme-ca.")
        self.http_port, self.lifetime = http_port, lifetime
        self.environment = dict(os.environ, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0",
                                PEBBLE_AUTHZREUSE="0", **environment)
        if "PEBBLE_VA_SLEEPTIME" in environment:
            del self.environment["PEBBLE_VA_NOSLEEP"]
        self.port, self.management, self.dns, self.dns_management = (free_port() for _ in range(4))
        self.url = f"https://localhost:{self.port}/dir"
        self.processes = []

    def __enter__(self):
        self._trust()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        subprocess.run(["umount", BUNDLE], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _trust(self):
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
        os.chmod(bundle, 0o644)
        subprocess.run(["mount", "--bind", bundle, BUNDLE], check=True)

    def _spawn(self, *words):
        with open(os.path.join(self.folder, words[0] + ".log"), "ab") as log:
            self.processes.append(subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *words], cwd=self.folder,
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def start(self):
        write(os.path.join(self.folder, "pebble.json"), json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": "server.pem", "privateKey": "server.key",
            "httpPort": self.http_port, "tlsPort": free_port(), "ocspResponderURL": "",
            "certificateValidityPeriod": self.lifetime}}))
        self._spawn("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns}", "-management",
                    f"127.0.0.1:{self.dns_management}", "-defaultIPv4", "127.0.0.1",
                    "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "")
        self._spawn("pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{self.dns}",
                    "-strict=false")
        self._wait(lambda: self.dns_says("clear-txt", host="ready."))
        self._wait(self.root)

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
