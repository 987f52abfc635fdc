"""The numbers of nginx itself: who gets them, and what is written down of it."""

import os


def prepare(c):
    pass


def documents(c):
    return """
sites:
  numbers.test:
    proxy: 127.0.0.1:%(backend)d
    trusted_proxies: 127.0.0.1
    headers: {X-Site: here}
    log: combined
    deny: [198.51.100.66]
    paths:
      = /status: {nginx_status: true, log: off}
      /shown/:
        nginx_status: true
        allow: [198.51.100.7]
        paths:
          /shown/inside: {headers: {X-Inside: "1"}}
          /shown/ours: {nginx_status: true}
      /without/: {nginx_status: true, deny: [127.0.0.0/8], log: off}
  only-numbers.test:
    nginx_status: true
    log: off
    trusted_proxies: 127.0.0.1
    paths:
      /inside: {headers: {X-Inside: "1"}}
      /else/: {respond: {status: 200, body: else}}
""" % c


def test_numbers_of_nginx(client, c, expect):
    def status(path, address=None, host="numbers.test"):
        headers = [] if address is None else [("X-Forwarded-For", address)]
        return client.ask(host, path, headers=headers).status
    answer = client.ask("numbers.test", "/status")
    expect("numbers", (answer.status, answer.body.startswith(b"Active connections: ")), (200, True))
    expect("type", answer.one("Content-Type"), "text/plain")
    expect("headers", (answer.one("X-Site"), answer.one("X-Frame-Options")), ("here", "SAMEORIGIN"))
    if c["ipv6"]:
        expect("IPv6", client.ask("numbers.test", "/status", address="::1").status, 200)
    expect("by its name alone", status("/status/x"), 200)
    expect("that is the program", client.ask("numbers.test", "/status/x").seen()["path"], "/status/x")
    answer = client.ask("numbers.test", "/status", headers=[("X-Forwarded-For", "198.51.100.7")])
    expect("others", (answer.status, answer.one("X-Site")), (403, "here"))
    expect("POST", client.ask("numbers.test", "/status", method="POST").status, 405)
    expect("whom it names", [status("/shown/", "198.51.100.7"), status("/shown/"),
                             status("/shown/inside", "198.51.100.7"), status("/shown/inside")],
           [200, 403, 200, 403])
    expect("its own again", [status("/shown/ours", "198.51.100.7"), status("/shown/ours")], [403, 200])
    expect("not even the host", [status("/without/"), status("/without/", "198.51.100.7")], [403, 403])


def test_numbers_are_the_whole_site(client, c, expect):
    def status(path, address=None):
        headers = [] if address is None else [("X-Forwarded-For", address)]
        return client.ask("only-numbers.test", path, headers=headers).status
    expect("host", [status("/"), status("/any"), status("/inside")], [200] * 3)
    expect("others", [status(p, "198.51.100.7") for p in ["/", "/any", "/inside"]], [403] * 3)
    expect("another path is open", status("/else/", "198.51.100.7"), 200)


def test_numbers_are_not_written_down(client, c, expect):
    client.ask("numbers.test", "/status?quiet")
    client.ask("numbers.test", "/shown/?loud")
    client.ask("numbers.test", "/loud-too")
    with open(c["state"] + "/log/numbers.test.access.log", encoding="utf-8") as f:
        log = f.read()
    expect("log", ("/status?quiet" in log, "/shown/?loud" in log), (False, True))
    expect("no file", os.path.exists(c["state"] + "/log/only-numbers.test.access.log"), False)
