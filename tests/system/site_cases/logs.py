"""Logs of a site's own, and what proxies before the host say of clients."""

import json
import time


def prepare(c):
    pass


def documents(c):
    return """
sites:
  json-log.test:
    proxy: 127.0.0.1:%(backend)d
    log: json
    paths:
      /quiet/: {log: false, paths: {/quiet/loud/: {log: true}}}
      /dead/: {proxy: 127.0.0.1:%(dead)d}
  combined-log.test: {respond: {status: 200, body: ok}, log: combined}
  no-log.test: {respond: {status: 200, body: ok}, log: off}
  trusting.test:
    proxy: 127.0.0.1:%(backend)d
    trusted_proxies: [127.0.0.1, 192.0.2.0/24]
    paths:
      /allowed/: {allow: [198.51.100.7]}
      /limited/: {rate_limit: {rate: 1/m, burst: 1}}
      /cgi/: {fastcgi: 127.0.0.1:%(fastcgi)d}
  real-ip.test:
    proxy: 127.0.0.1:%(backend)d
    trusted_proxies: {from: 127.0.0.1, header: X-Real-IP}
  distrusting.test:
    proxy: 127.0.0.1:%(backend)d
    trusted_proxies: 192.0.2.1
""" % c


def lines(c, name, wanted):
    """nginx writes after it has answered."""
    for _ in range(50):
        with open("%s/log/%s.access.log" % (c["state"], name), encoding="utf-8") as f:
            found = f.read().splitlines()
        if len(found) >= wanted:
            break
        time.sleep(0.02)
    return found


def test_logs(client, c, expect):
    hostile = 'a"b\\c\u0639'
    client.ask("json-log.test", "/quiet/x")
    client.ask("json-log.test", "/quiet/loud/x")
    client.ask("json-log.test", "/one?a=%22", headers=[("User-Agent", hostile), ("Referer", "\x01\x7f")])
    client.ask("json-log.test", "/dead/")
    client.ask("json-log.test", "/plain", tls=False)
    found = [json.loads(line) for line in lines(c, "json-log.test", 4)]
    expect("paths", [f["uri"] for f in found], ["/quiet/loud/x", "/one?a=%22", "/dead/", "/plain"])
    expect("agent", (found[1]["agent"], found[1]["referrer"]), (hostile, "\x01\x7f"))
    expect("numbers", [type(found[1][n]) for n in ["status", "bytes", "seconds"]], [int, int, float])
    expect("scheme", [f["scheme"] for f in found], ["https"] * 3 + ["http"])
    client.ask("combined-log.test", "/two")
    found = lines(c, "combined-log.test", 1)
    expect("combined", (len(found), '"GET /two HTTP/1.1" 200 2 "-" "-"' in found[0]), (1, True))
    client.ask("no-log.test", "/three")
    with open(c["state"] + "/log/json-log.test.error.log", encoding="utf-8") as f:
        expect("errors", "connect() failed" in f.read(), True)


def seen(client, host, path="/", **headers):
    sent = [(k.replace("_", "-"), v) for k, v in headers.items()]
    return client.ask(host, path, headers=sent).seen()


def test_trusted_proxies(client, c, expect):
    told = {"X_Forwarded_For": "203.0.113.9, 198.51.100.7, 192.0.2.5", "X_Forwarded_Proto": "http"}
    headers = seen(client, "trusting.test", **told)["headers"]
    expect("client", headers.get("x-real-ip"), "198.51.100.7")
    expect("all of them", headers.get("x-forwarded-for"),
           "203.0.113.9, 198.51.100.7, 192.0.2.5, 127.0.0.1")
    expect("scheme", headers.get("x-forwarded-proto"), "http")
    headers = seen(client, "trusting.test", X_Forwarded_Proto="evil")["headers"]
    expect("nobody said", (headers.get("x-forwarded-for"), headers.get("x-forwarded-proto")),
           ("127.0.0.1", "https"))
    params = seen(client, "trusting.test", "/cgi/", **told)["params"]
    expect("parameters", (params.get("REMOTE_ADDR"), params.get("REQUEST_SCHEME"), params.get("HTTPS")),
           ("198.51.100.7", "http", None))
    headers = seen(client, "real-ip.test", X_Real_IP="198.51.100.8")["headers"]
    expect("another header", headers.get("x-real-ip"), "198.51.100.8")
    headers = seen(client, "distrusting.test", **told)["headers"]
    expect("no proxy of ours", [headers.get(n) for n in ["x-real-ip", "x-forwarded-for",
                                                         "x-forwarded-proto"]],
           ["127.0.0.1", "127.0.0.1", "https"])


def test_rules_take_the_clients_address(client, c, expect):
    def status(path, address):
        return client.ask("trusting.test", path, headers=[("X-Forwarded-For", address)]).status
    expect("allowed", status("/allowed/", "198.51.100.7"), 200)
    expect("others", status("/allowed/", "198.51.100.8"), 403)
    expect("limited", [status("/limited/", "198.51.100.1") for _ in range(3)], [200, 200, 429])
    expect("another client", status("/limited/", "198.51.100.2"), 200)
