"""PHP: files as they are, scripts by FastCGI, and a script for all that is neither."""

import os

from site_cases.programs import FastCgi, TcpServer
from site_nginx import serve, write


def prepare(c):
    c["fpm"] = serve(TcpServer(("127.0.0.1", 0), FastCgi)).server_address[1]
    for name in ("index.php", "other.php", "wp-login.php", "dir/index.php", "a.txt", "style.css",
                 ".hidden.php", "uploads/evil.php", "uploads/a.txt", "private/x.php", "private/a.txt",
                 "shop/start.php", "shop/other.php", "shop/a.txt",
                 "shop/files/evil.php", "app/index.php", "app/files/evil.php", "app/files/more/x.php",
                 "app/sub/index.php", "open/x.php"):
        write("%s/blog/%s" % (c["state"], name), "text of " + name)
    os.symlink("blog", c["state"] + "/current")


def documents(c):
    return """
sites:
  blog.php.test:
    php: {root: %(state)s/current, to: 127.0.0.1:%(fpm)d, params: {APP_ENV: live}}
    paths:
      = /wp-login.php: {headers: {X-Login: "1"}}
      = /about: {headers: {X-About: "1"}}
      /uploads/: {root: %(state)s/blog}
      '~ ^/private/': {respond: {status: 403, body: private}}
      '~ \\.(css|txt)$': {cache: 1y}
      /shop/: {php: {root: %(state)s/blog, to: 127.0.0.1:%(fpm)d, front: /shop/start.php, only_front: true}}
      /app/:
        php: {root: %(state)s/blog, to: 127.0.0.1:%(fpm)d}
        paths:
          /app/files/: {root: %(state)s/blog}
          /app/sub/: {headers: {X-Sub: "1"}}
          '~ /secret\.php$': {respond: {status: 403, body: secret}}
      /closed/: {deny: all}
      /gone/: {maintenance: true}
      /tried/: {root: %(state)s/blog, cache: 1h, try: [$uri, /index.php]}
      /cgi/: {fastcgi: {to: 127.0.0.1:%(fpm)d, root: /srv/cgi}}
  bare.php.test:
    php: {root: %(state)s/blog, to: 127.0.0.1:%(fpm)d, front: false}
    deny_dotfiles: false
    cache: 1h
    paths:
      = /open/x.php: {cache: 1m}
  behind.php.test:
    php: {root: %(state)s/blog, to: 127.0.0.1:%(fpm)d, path_info: true}
    paths:
      = /wp-login.php: {headers: {X-Login: "1"}}
      /uploads/: {root: %(state)s/blog}
      /app/: {php: {root: %(state)s/blog, to: 127.0.0.1:%(fpm)d, path_info: true, only_front: true}}
""" % c


def script(client, path, host="blog.php.test", **more):
    return client.ask(host, path, **more).seen().get("params", {})


def test_scripts(client, c, expect):
    root = c["state"] + "/blog"
    params = script(client, "/other.php?a=%20b")
    expect("script", params.get("SCRIPT_FILENAME"), root + "/other.php")
    expect("root", params.get("DOCUMENT_ROOT"), root)
    expect("name", params.get("SCRIPT_NAME"), "/other.php")
    expect("query", params.get("QUERY_STRING"), "a=%20b")
    expect("uri", params.get("REQUEST_URI"), "/other.php?a=%20b")
    expect("https", (params.get("HTTPS"), params.get("APP_ENV")), ("on", "live"))
    params = script(client, "/other.php", headers=[("Proxy", "http://evil.test")])
    expect("proxy", params.get("HTTP_PROXY", ""), "")
    params = script(client, "/posts/1?page=2")
    expect("front", (params.get("SCRIPT_NAME"), params.get("QUERY_STRING")), ("/index.php", "page=2"))
    expect("front's uri", params.get("REQUEST_URI"), "/posts/1?page=2")
    expect("folder", script(client, "/dir/").get("SCRIPT_NAME"), "/dir/index.php")
    expect("top", script(client, "/").get("SCRIPT_NAME"), "/index.php")
    expect("missing script", client.ask("blog.php.test", "/none.php").status, 404)
    expect("path behind a script", script(client, "/other.php/x").get("SCRIPT_NAME"), "/index.php")
    answer = client.ask("blog.php.test", "/other.php")
    expect("header", answer.all("X-Frame-Options"), ["DENY"])
    expect("other header", answer.one("X-Content-Type-Options"), "nosniff")


def test_files(client, c, expect):
    host = "blog.php.test"
    answer = client.ask(host, "/a.txt")
    expect("file", answer.body, b"text of a.txt")
    expect("cache", answer.one("Cache-Control"), "public, max-age=31536000")
    # What a program says in the place of a file is not kept for as long as the file.
    for path in ["/none.css", "/tried/none.css", "/uploads.css", "/other.php"]:
        answer = client.ask(host, path)
        expect("of " + path, (answer.status, answer.all("Cache-Control")), (200, []))
    bare = [client.ask("bare.php.test", path).all("Cache-Control")
            for path in ["/a.txt", "/other.php", "/dir/", "/open/x.php"]]
    expect("cache of a site", bare, [["public, max-age=3600"], [], [], ["public, max-age=60"]])
    expect("dot file", client.ask(host, "/.hidden.php").status, 404)
    expect("dot file elsewhere", client.ask(host, "/x/.git/config").status, 404)


def test_scripts_run_only_where_php_is(client, c, expect):
    host = "blog.php.test"
    expect("uploaded", client.ask(host, "/uploads/evil.php").body, b"text of uploads/evil.php")
    expect("upload", client.ask(host, "/uploads/a.txt").body, b"text of uploads/a.txt")
    answer = client.ask(host, "/private/x.php")
    expect("private", (answer.status, answer.body), (403, b"private"))
    expect("closed", client.ask(host, "/closed/x.php").status, 403)
    expect("closed front", client.ask(host, "/closed/x").status, 403)
    expect("maintained", client.ask(host, "/gone/index.php").status, 503)


def test_scripts_in_inner_paths(client, c, expect):
    expect("path", script(client, "/app/x").get("SCRIPT_NAME"), "/app/index.php")
    for name in ("files/evil.php", "files/more/x.php"):
        expect(name, client.ask("blog.php.test", "/app/" + name).body, b"text of app/" + name.encode())
    expect("line break", client.ask("blog.php.test", "/app/a%0ab.php").status, 404)
    for path in ("/app/secret.php", "/app/files/secret.php"):
        expect(path, client.ask("blog.php.test", path).body, b"secret")
    expect("dot file", client.ask("blog.php.test", "/app/.x.php").status, 404)
    expect("dot file inside", client.ask("blog.php.test", "/app/files/.x.php").status, 404)
    answer = client.ask("blog.php.test", "/app/sub/index.php")
    expect("inherited", answer.seen().get("params", {}).get("SCRIPT_NAME"), "/app/sub/index.php")
    expect("its header", answer.one("X-Sub"), "1")


def test_exact_paths(client, c, expect):
    answer = client.ask("blog.php.test", "/wp-login.php")
    expect("script", answer.seen().get("params", {}).get("SCRIPT_NAME"), "/wp-login.php")
    expect("header", answer.one("X-Login"), "1")
    answer = client.ask("blog.php.test", "/about")
    expect("front", answer.seen().get("params", {}).get("SCRIPT_NAME"), "/index.php")
    expect("its header", answer.one("X-About"), "1")


def test_one_entrance(client, c, expect):
    expect("front", script(client, "/shop/cart").get("SCRIPT_NAME"), "/shop/start.php")
    expect("itself", script(client, "/shop/start.php").get("SCRIPT_NAME"), "/shop/start.php")
    expect("others", client.ask("blog.php.test", "/shop/other.php").status, 404)
    expect("file", client.ask("blog.php.test", "/shop/a.txt").body, b"text of shop/a.txt")
    expect("fastcgi beside it", script(client, "/cgi/x").get("SCRIPT_FILENAME"), "/srv/cgi/cgi/x")


def test_without_front(client, c, expect):
    host = "bare.php.test"
    expect("missing", client.ask(host, "/posts/1").status, 404)
    expect("script", script(client, "/open/x.php", host).get("SCRIPT_NAME"), "/open/x.php")
    expect("dot file", script(client, "/.hidden.php", host).get("SCRIPT_NAME"), "/.hidden.php")


def test_path_behind_a_script(client, c, expect):
    host = "behind.php.test"
    for path, name, rest in [("/other.php/a/b%20c?d=e", "/other.php", "/a/b c"),
                             ("/other.php/x.php/y", "/other.php", "/x.php/y"),
                             ("/other.php/", "/other.php", "/"), ("/other.php", "/other.php", ""),
                             ("/other.php/a%0ab", "/other.php", "/a\nb"),
                             ("/dir/index.php/a", "/dir/index.php", "/a"),
                             ("/posts/1", "/index.php", ""), ("/", "/index.php", ""),
                             ("/app/index.php/a", "/app/index.php", "/a"),
                             ("/app/x", "/app/index.php", "")]:
        params = script(client, path, host)
        expect(path, (params.get("SCRIPT_NAME"), params.get("PATH_INFO")), (name, rest))
        expect("file of " + path, params.get("SCRIPT_FILENAME"), c["state"] + "/blog" + name)
    expect("query", script(client, "/other.php/a?d=e", host).get("QUERY_STRING"), "d=e")
    for path in ["/none.php/a", "/a.txt/x.php", "/app/sub/index.php/a", "/uploads/evil.php/a",
                 "/uploads/a.txt/x.php", "/dir/.x.php/a"]:
        expect(path, client.ask(host, path).status, 404)
