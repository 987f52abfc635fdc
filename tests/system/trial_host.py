"""A whole host inside one folder: settings that move every path there, a private nginx on loopback,
and the program under test. For tests that break it and look what is left."""

import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

APPLY_TIMEOUT = 60  # seconds


given_ports = set()


def free_port():
    """One that nobody listens on, never the same twice, and below those that the kernel gives to
    outgoing connections: these would take it before nginx does."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        most = int(file.read().split()[0])
    while True:
        port = random.randrange(10000, most if most > 11000 else 30000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given_ports:
            given_ports.add(port)
            return port


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def replace(path, text):
    """At once, as editors do: who reads meanwhile finds the former text, never half of this one."""
    write(path + ".new", text)
    os.replace(path + ".new", path)


class Failures:
    """Counts and prints what does not hold."""

    def __init__(self):
        self.count = 0

    def check(self, good, what, more=""):
        if not good:
            self.count += 1
            print(f"not ok - {what}\n    {more}", flush=True)


class TrialHost:
    """Use as a context: the folder and the private nginx go at its end."""

    def __init__(self, program, http=None, https=None):
        self.program = os.path.realpath(program)
        self.folder = tempfile.mkdtemp(prefix="trial-host.", dir=os.environ.get("TMPDIR", "/tmp"))
        self.sites = os.path.join(self.folder, "sites")
        self.config = os.path.join(self.folder, "reconcile.yaml")
        self.http, self.https = http or free_port(), https or free_port()
        self.environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", NO_COLOR="1")
        self._settings()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_nginx()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _settings(self):
        for name in ("nginx/conf.d", "nginx/modules-enabled", "log", "cache", "run", "units",
                     "secrets", "environment", "sysusers", "www", "sites"):
            os.makedirs(self.path(name))
        write(self.path("www/index.html"), "it works\n")
        at = self.path
        write(self.config, json.dumps({
            "source": self.sites, "state": at("state"), "secrets": at("secrets"),
            "environment_files": at("environment"),
            "nginx": {"directory": at("nginx"), "pid": at("run/nginx.pid"), "log": at("log"),
                      "cache": at("cache"), "service": "", "listen": ["127.0.0.1"],
                      "http_port": self.http, "https_port": self.https},
            "systemd": {"manage": False, "units": at("units")},
            "users": {"manage": False, "sysusers": at("sysusers")}}))
        write(at("nginx/nginx.conf"), f"""
worker_processes 1;
pid {at("run/nginx.pid")};
error_log {at("log/error.log")};
include {at("nginx/modules-enabled")}/*.conf;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {at("run/body")};
    proxy_temp_path {at("run/proxy")};
    fastcgi_temp_path {at("run/fastcgi")};
    uwsgi_temp_path {at("run/uwsgi")};
    scgi_temp_path {at("run/scgi")};
    include {at("nginx/conf.d")}/*.conf;
}}
""")

    def run(self, *arguments, wrapper=(), timeout=APPLY_TIMEOUT):
        """Runs the program; gives (exit code, output)."""
        done = subprocess.run([*wrapper, self.program, "--config", self.config, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.environment, text=True,
                              errors="replace", timeout=timeout, check=False)
        return done.returncode, done.stdout

    def nginx_pid(self):
        try:
            with open(self.path("run/nginx.pid"), encoding="ascii") as f:
                return int(f.read())
        except (OSError, ValueError):
            return None

    def stop_nginx(self):
        pid = self.nginx_pid()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
            for _ in range(200):
                os.kill(pid, 0)
                time.sleep(0.02)
        except ProcessLookupError:
            pass

    def nginx_accepts(self):
        """True when nginx takes the configuration as it stands on disk."""
        done = subprocess.run(["/usr/sbin/nginx", "-t", "-q", "-c", self.path("nginx/nginx.conf")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=30, check=False)
        return done.returncode == 0, done.stdout

    def ask(self, host, path="/"):
        """The body that a site answers over HTTPS; certificates are other tests' business."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.https), timeout=10) as plain, \
                context.wrap_socket(plain, server_hostname=host) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        return answer.partition(b"\r\n\r\n")[2].decode()
