"""A small web application: a page, a counter that outlives restarts, and a websocket."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from flask import Flask, jsonify, render_template
from werkzeug.middleware.proxy_fix import ProxyFix

from websocket import WebSocketEcho

# systemd names the folder that belongs to the service; without systemd it is this one.
state = Path(os.environ.get("STATE_DIRECTORY", "."))

app = Flask(__name__)
# nginx is the only one who reaches us, and says who really asked.
app.wsgi_app = WebSocketEcho(ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1), path="/ws")


def connect():
    database = sqlite3.connect(state / "visits.db", timeout=5)
    database.execute("CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY, count INTEGER)")
    return database


@app.get("/")
def page():
    with closing(connect()) as database, database:
        (count,) = database.execute(
            "INSERT INTO visits VALUES (1, 1)"
            " ON CONFLICT (id) DO UPDATE SET count = count + 1 RETURNING count"
        ).fetchone()
    return render_template("page.html", count=count, debug=app.debug)


@app.get("/healthz")
def healthz():
    with closing(connect()) as database, database:
        database.execute("SELECT 1")
    return jsonify(status="ok", debug=app.debug)
