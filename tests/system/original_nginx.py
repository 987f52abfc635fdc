"""nginx with configurations as admins wrote them, and what of its answers is compared with those of
ours: status, body and headers. What the program behind it was asked stands in the body."""

import collections
import json
import os
import re
import shutil
import subprocess

from site_nginx import MAIN, load_stream_module, run, write

# Asked of the original and of ours, over TLS or not.
Request = collections.namedtuple("Request", "host path method headers body tls tls_after")

# What ours sets on purpose: the client's own claim, and what nginx says of itself.
SEEN = ["host", "x-client", "x-asked", "x-own", "x-outer", "x-inner", "content-length",
        "accept-encoding"]
HEADERS = ["Content-Type", "Cache-Control", "X-Content-Type-Options", "X-Frame-Options",
           "Referrer-Policy", "Strict-Transport-Security", "Content-Security-Policy", "X-Media",
           "X-Who", "X-Text", "X-Given", "WWW-Authenticate", "X-Own", "Last-Modified", "Set-Cookie",
           "X-Cache-Status", "X-Robots-Tag", "Access-Control-Allow-Origin",
           "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
           "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
           "Access-Control-Max-Age"]


def request(host, tls, asked, tls_after=None):
    """asked: a path, or a tuple of path, method, headers and body."""
    path, method, headers, body = asked if isinstance(asked, tuple) else (asked, "GET", (), b"")
    return Request(host, path, method, headers, body, tls, tls if tls_after is None else tls_after)


def name_version(version):
    return "%d.%d.%d" % (version // 1000000, version // 1000 % 1000, version % 1000)


def start_original(c, texts, streams=""):
    """Its own state lies below before/; texts by name, with ports and paths of the test. streams: what
    stands beside http."""
    state = c["state"] + "/before"
    includes = ""
    for name, text in texts.items():
        path = "%s/sites/%s.conf" % (state, name)
        write(path, text)
        includes += '    include "%s";\n' % path
    for name in ["fastcgi.conf", "fastcgi_params", "proxy_params", "snippets/fastcgi-php.conf"]:
        os.makedirs(os.path.dirname("%s/%s" % (state, name)), exist_ok=True)
        shutil.copy("/etc/nginx/" + name, "%s/%s" % (state, name))
    main = state + "/nginx.conf"
    write(main, MAIN % dict(c, state=state, includes=includes, streams=streams,
                            modules=load_stream_module() if streams else ""))
    run("nginx", "-t", "-q", "-e", "stderr", "-p", state, "-c", main)
    return subprocess.Popen(["nginx", "-e", state + "/error.log", "-p", state, "-c", main],
                            stderr=subprocess.DEVNULL)


def told(answer, c):
    """What is compared."""
    body = answer.body.replace(b"nginx/" + name_version(c["version"]).encode(),
                               b"nginx")  # ours does not tell it
    if body.startswith(b"{"):
        seen = json.loads(body)
        if "headers" in seen:
            headers = {k: re.sub(r":\d+$", "", v) for k, v in seen["headers"].items() if k in SEEN}
            body = json.dumps([seen["path"], seen["method"], headers], sort_keys=True)
        else:
            kept = ["SCRIPT_FILENAME", "QUERY_STRING", "REQUEST_URI", "DOCUMENT_ROOT", "APP_ENV",
                    "REQUEST_METHOD", "PATH_INFO", "SCRIPT_NAME"]
            params = seen.get("params", seen)
            body = json.dumps({k: params[k] for k in kept if params.get(k)}, sort_keys=True)
    # Ours are paths where theirs name the host again, and have the port of the test.
    location = [re.sub(r"^https?://[a-z.]+:\d+/", "/", v) for v in answer.all("Location")]
    kept = {name: answer.all(name) for name in HEADERS}
    kept["Cache-Control"] = sorted({w.strip() for v in kept["Cache-Control"] for w in v.split(",")}
                                   - {"public"})
    return {"status": answer.status, "body": body, "location": location, **kept}


def ask_both(before, after, c, requests):
    """Each request with what both have told."""
    for asked in requests:
        how = {"method": asked.method, "headers": asked.headers, "body": asked.body}
        was = told(before.ask(asked.host, asked.path, tls=asked.tls, **how), c)
        now = told(after.ask(asked.host, asked.path, tls=asked.tls_after, **how), c)
        yield asked, was, now
