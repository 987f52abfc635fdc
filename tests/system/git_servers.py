"""One bare repository behind every transport of Git, all on loopback: sshd, nginx with
git-http-backend (plain, TLS, and TLS with a password), git-daemon. And a relay that cuts or stalls
connections. Everything ends with the test, even when that is killed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from trial_host import free_port, write

NEEDED = {"git": "git", "nginx": "nginx", "fcgiwrap": "fcgiwrap", "sshd": "openssh-server",
          "ssh-keygen": "openssh-client", "openssl": "openssl", "setpriv": "util-linux"}
START_SECONDS = 10


def missing():
    """The first package that is not installed; None when all are."""
    path = os.environ["PATH"] + ":/usr/sbin"
    for program, package in NEEDED.items():
        if shutil.which(program, path=path) is None:
            return package
    return None


class GitServers:
    """Use as a context."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="git-servers.", dir=os.environ.get("TMPDIR", "/tmp"))
        os.chmod(self.folder, 0o711)
        self.daemons = []
        self.bare = self.path("srv/repo.git")
        self.work = self.path("work")
        self.token = os.urandom(12).hex()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.environment.update(PATH=os.environ["PATH"] + ":/usr/sbin",
                                GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=self.path("gitconfig"),
                                GIT_TERMINAL_PROMPT="0", HOME=self.folder)

    def __enter__(self):
        try:
            self._keys()
            self._repository()
            self._http()
            self._ssh()
            self._daemon()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # --- tools -----------------------------------------------------------------------------------

    def command(self, *words, cwd=None, data=None):
        done = subprocess.run(words, cwd=cwd or self.folder, input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment, timeout=120,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def git(self, *words, cwd=None, data=None):
        return self.command("git", *words, cwd=cwd or self.work, data=data).decode().strip()

    def commit(self, files, message="change", push=True):
        """Writes files (None: removes one) and pushes them as one commit; gives its id."""
        for name, text in files.items():
            if text is None:
                os.unlink(os.path.join(self.work, name))
            else:
                write(os.path.join(self.work, name), text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.git("push", "-q", "--force", self.bare, "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def tree(self, entries):
        """A tree object of (mode, name, id), byte by byte; gives its id."""
        data = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid)
                        for mode, name, oid in entries)
        return self.git("hash-object", "-t", "tree", "--literally", "-w", "--stdin", cwd=self.bare,
                        data=data)

    def blob(self, data):
        return self.git("hash-object", "-w", "--stdin", cwd=self.bare, data=data)

    def set_tree(self, tree, message="hostile"):
        """main becomes a commit of this tree on top of what it was."""
        parent = self.git("rev-parse", "main", cwd=self.bare)
        commit = self.git("commit-tree", "-p", parent, "-m", message, tree, cwd=self.bare)
        self.git("update-ref", "refs/heads/main", commit, cwd=self.bare)
        return commit

    def reset(self, commit):
        self.git("update-ref", "refs/heads/main", commit, cwd=self.bare)
        self.git("reset", "-q", "--hard", commit)

    def spawn(self, *words, port=None, wrapper=()):
        daemon = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *wrapper, *words],
                                  stdin=subprocess.DEVNULL, env=self.environment, cwd=self.folder,
                                  stdout=open(self.path("daemons.log"), "ab"),
                                  stderr=subprocess.STDOUT, start_new_session=True)
        self.daemons.append(daemon)
        end = time.monotonic() + START_SECONDS
        while port is not None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError as error:
                if daemon.poll() is not None or time.monotonic() > end:
                    with open(self.path("daemons.log"), encoding="utf-8", errors="replace") as f:
                        raise RuntimeError(f"{words[0]} did not start: {f.read()}") from error
                time.sleep(0.02)

    # --- what is served --------------------------------------------------------------------------

    def _certificate(self, name, authority):
        ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        if authority is None:
            self.command("openssl", "req", "-x509", *ec, "-keyout", f"{name}.key", "-out",
                         f"{name}.pem", "-days", "2", "-subj", f"/CN={name}", "-addext",
                         "basicConstraints=critical,CA:TRUE")
            return
        write(self.path("extensions"), "subjectAltName=DNS:localhost\n")
        self.command("openssl", "req", "-new", *ec, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                     "-subj", "/CN=localhost")
        self.command("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem",
                     "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-out",
                     f"{name}.pem", "-extfile", "extensions")

    def _keys(self):
        self._certificate("ca", None)
        self._certificate("other-ca", None)
        self._certificate("server", "ca")
        for name in ("host-ed25519", "user", "stranger", "other-host"):
            self.command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name)
        self.command("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "host", "-f", "host-ecdsa")

    def public_key(self, name):
        with open(self.path(name + ".pub"), encoding="ascii") as f:
            return " ".join(f.read().split()[:2])

    def _repository(self):
        write(self.path("gitconfig"), "[user]\nname = Ada\nemail = ada@example.com\n"
              "[init]\ndefaultBranch = main\n[gc]\nauto = 0\n[maintenance]\nauto = false\n"
              "[safe]\ndirectory = *\n")
        os.makedirs(self.path("srv"))
        self.command("git", "init", "-q", "--bare", self.bare)
        self.command("git", "init", "-q", self.work)
        self.commit({"site.yaml": "sites: { a.localhost: { respond: { status: 200, body: one } } }\n"}, "First")

    def _http(self):
        self.http, self.https = free_port(), free_port()
        secret = self.command("openssl", "passwd", "-5", self.token).decode().strip()
        write(self.path("htpasswd"), f"git:{secret}\n")
        backend = f"""
            client_max_body_size 0;
            fastcgi_pass unix:{self.path("fcgi")};
            fastcgi_param SCRIPT_FILENAME {self.git("--exec-path")}/git-http-backend;
            fastcgi_param GIT_PROJECT_ROOT {self.path("srv")};
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param GIT_CONFIG_NOSYSTEM 1;
            fastcgi_param GIT_CONFIG_GLOBAL {self.path("gitconfig")};
            fastcgi_param PATH_INFO $1;
            fastcgi_param REMOTE_USER $remote_user;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;"""
        temporary = "".join(f"{kind}_temp_path {self.path('nginx', kind)};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        write(self.path("nginx/nginx.conf"), f"""
daemon off; master_process off; pid {self.path("nginx/pid")};
error_log {self.path("nginx/error.log")};
events {{ worker_connections 64; }}
http {{
    access_log {self.path("nginx/access.log")};
    {temporary}
    server {{
        listen 127.0.0.1:{self.http};
        listen 127.0.0.1:{self.https} ssl;
        ssl_certificate {self.path("server.pem")};
        ssl_certificate_key {self.path("server.key")};
        location ~ ^(/repo\\.git/.*) {{ {backend} }}
        location ~ ^/auth(/repo\\.git/.*) {{
            auth_basic git; auth_basic_user_file {self.path("htpasswd")}; {backend}
        }}
        location ~ ^/down(/.*) {{ return 302 http://localhost:{self.http}$1$is_args$args; }}
        location ~ ^/away(/.*) {{ return 302 http://localhost:{self.http}$1$is_args$args; }}
    }}
}}
""")
        self.spawn("fcgiwrap", "-f", "-c", "1", "-s", f"unix:{self.path('fcgi')}")
        self.spawn("nginx", "-e", self.path("nginx/error.log"), "-p", self.path("nginx"), "-c",
                   self.path("nginx/nginx.conf"), port=self.http)

    def _ssh(self):
        self.ssh = free_port()
        shutil.copy(self.path("user.pub"), self.path("authorized_keys"))
        write(self.path("sshd_config"), f"""
ListenAddress 127.0.0.1:{self.ssh}
HostKey {self.path("host-ed25519")}
HostKey {self.path("host-ecdsa")}
PidFile none
AuthorizedKeysFile {self.path("authorized_keys")}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {self.user}
LogLevel ERROR
SetEnv HOME={self.folder} GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL={self.path("gitconfig")}
ForceCommand exec git shell -c "$SSH_ORIGINAL_COMMAND"
""")
        wrapper = ()
        if os.getuid() == 0:  # sshd wants its own /run/sshd, which must not appear on this machine
            wrapper = ("unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && mkdir -m 755 "
                       '/run/sshd && exec "$@"', "sh")
        self.spawn("/usr/sbin/sshd", "-D", "-e", "-f", self.path("sshd_config"), port=self.ssh,
                   wrapper=wrapper)

    def _daemon(self):
        self.daemon = free_port()
        self.spawn(os.path.join(self.git("--exec-path"), "git-daemon"), "--listen=127.0.0.1",
                   f"--port={self.daemon}", "--export-all", f"--base-path={self.path('srv')}",
                   self.path("srv"), port=self.daemon)

    # --- as settings -----------------------------------------------------------------------------

    def known_hosts(self, name, *keys, port=None):
        """A file of these host keys; gives its path."""
        write(self.path(name), "".join(f"[127.0.0.1]:{port or self.ssh} {self.public_key(key)}\n"
                                       for key in keys))
        return self.path(name)

    def source(self, transport, **more):
        ssh = {"key": self.path("user"),
               "known_hosts": self.known_hosts("known_hosts", "host-ed25519", "host-ecdsa")}
        sources = {
            "path": {"git": self.bare},
            "file": {"git": "file://" + self.bare},
            "ssh": {"git": f"ssh://{self.user}@127.0.0.1:{self.ssh}{self.bare}", **ssh},
            "https": {"git": f"https://localhost:{self.https}/repo.git", "ca": self.path("ca.pem")},
            "token": {"git": f"https://localhost:{self.https}/auth/repo.git",
                      "ca": self.path("ca.pem"), "token": "secret:git"},
            "http": {"git": f"http://127.0.0.1:{self.http}/repo.git"},
            "git": {"git": f"git://127.0.0.1:{self.daemon}/repo.git"},
        }
        return {**sources[transport], **more}


class Relay:
    """Passes connections on to a port; after so many bytes from the server (of all connections
    together) it cuts them, or stalls. Use as a context."""

    def __init__(self, target, most=None, stalls=False):
        self.target, self.most, self.stalls = target, most, stalls
        self.passed = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        for one in self.sockets:
            self._end(one)

    @staticmethod
    def _end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            self.sockets += [client, server]
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _room(self, size):
        """How much of so many bytes may pass."""
        with self.lock:
            room = size if self.most is None else max(0, min(size, self.most - self.passed))
            self.passed += room
            return room

    def _pass(self, source, sink, counts):
        try:
            while data := source.recv(65536):
                room = self._room(len(data)) if counts else len(data)
                sink.sendall(data[:room])
                if room < len(data):
                    if self.stalls:
                        return
                    break
        except OSError:
            pass
        self._end(sink)
        self._end(source)
