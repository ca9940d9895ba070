#!/usr/bin/python3
"""carbonedge-report intensity against a real HTTP server on this machine that also misbehaves, for each service. Holds what is said, how often
and with what the server is asked, and that no secret stands in anything that was written: standard output and error of every run, the
cache, the saved series, the output files."""

import argparse
import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

TOKEN = "em-5ecret-d0-not-show"
NAME_AND_WORD = "someone:wt-5ecret-pa55word"
BEARER = "wt-5hort-lived-t0ken"
SECRETS = [TOKEN, NAME_AND_WORD, NAME_AND_WORD.split(":")[1], BEARER, base64.b64encode(NAME_AND_WORD.encode()).decode()]
SERVICES = {
    "electricity-maps": {"zone": "DE", "token": TOKEN, "arguments": ["--scope", "lifecycle"], "mean": 250},
    "watttime": {"zone": "CAISO_NORTH", "token": NAME_AND_WORD, "arguments": [], "mean": 1000 * 0.45359237},
    "uk": {"zone": "", "token": None, "arguments": [], "mean": 200},
    "carbon-aware-sdk": {"zone": "eastus", "token": None, "arguments": ["--scope", "direct", "--signal", "average"], "mean": 300},
}


def good_body(service, zone):
    times = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"]
    if service == "electricity-maps":
        return {"zone": zone, "data": [{"carbonIntensity": value, "datetime": at} for value, at in zip((200, 300), times)]}
    if service == "watttime":
        return {"data": [{"point_time": at, "value": 1000} for at in times],
                "meta": {"region": zone, "signal_type": "co2_moer", "units": "lbs_co2_per_mwh"}}
    if service == "uk":
        return {"data": [{"from": at, "to": at, "intensity": {"forecast": 1, "actual": value, "index": "low"}} for value, at in zip((150, 250), times)]}
    return [{"Location": zone, "Time": at, "Rating": 300, "Duration": "01:00:00"} for at in times]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *unused):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        try:
            if self.path.startswith("/base/login") and "login" not in server.behaviour:
                return self.answer(200, json.dumps({"token": BEARER}))
            getattr(self, "do_" + server.behaviour)()
        except (BrokenPipeError, ConnectionResetError):
            server.hung_up += 1

    def answer(self, status, body, headers=(), length=None):
        data = body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def body(self, zone=None):
        return json.dumps(good_body(self.server.service, zone or SERVICES[self.server.service]["zone"]))

    def do_good(self):
        self.answer(200, self.body())

    def do_refuses(self):
        self.answer(401, json.dumps({"error": f"bad token {TOKEN}"}))

    def do_login_refuses(self):
        self.answer(401, "no")

    def do_login_without_token(self):
        self.answer(200, json.dumps({"hello": BEARER}))

    def do_login_breaks(self):
        self.answer(200, '{"token": "' + BEARER + '"')

    def do_login_injects(self):
        self.answer(200, json.dumps({"token": BEARER + "\r\nX-Injected: 1"}))

    def do_busy_once(self):
        first = not any("Retry-After-Sent" in note for note in self.server.notes)
        self.server.notes.append("Retry-After-Sent")
        self.answer(429, "slow down", [("Retry-After", "1")]) if first else self.do_good()

    def do_busy_until_a_date(self):
        self.answer(429, "slow down", [("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT")])

    def do_fails_twice(self):
        self.server.notes.append("failed")
        self.answer(503, "later") if len(self.server.notes) <= 2 else self.do_good()

    def do_fails(self):
        self.answer(500, "<html>broken " + TOKEN + "</html>")

    def do_drips(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.stop.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def do_says_nothing(self):
        self.server.stop.wait(30)

    def do_ends_early(self):
        self.answer(200, self.body()[:60], length=100000)
        self.close_connection = True

    def do_cuts_off(self):
        self.answer(200, self.body()[:-20])

    def do_other_zone(self):
        zone = TOKEN if self.server.service == "electricity-maps" else "ELSEWHERE"  # a server may send back what it was sent
        self.answer(200, self.body(zone))

    def do_no_json(self):
        self.answer(200, f"<html>{TOKEN} {BEARER}</html>")

    def do_empty(self):
        self.answer(200, "")

    def do_huge(self):
        self.send_response(200)
        self.end_headers()
        block = b"[" * (1 << 20)
        for _ in range(4096):
            self.wfile.write(block)

    def do_redirects(self):
        self.answer(302, "", [("Location", f"http://localhost:{self.server.elsewhere}/stolen")])


def start_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked, server.notes, server.hung_up, server.stop = [], [], 0, threading.Event()
    server.behaviour, server.service, server.elsewhere = "good", "uk", 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Desk:
    def __init__(self, report, folder):
        self.report, self.folder = report, pathlib.Path(folder)
        self.server, self.elsewhere = start_server(), start_server()
        self.server.elsewhere = self.elsewhere.server_port
        self.written, self.problems, self.runs = [], [], 0

    def run(self, service, behaviour, *more, url=None, zone=None, environment=None):
        self.server.service, self.server.behaviour = service, behaviour
        self.server.asked.clear()
        self.server.notes.clear()
        facts = SERVICES[service]
        command = [self.report, "intensity", "--service", service, "--from", "2024-01-01", "--to", "2024-01-01T02:00Z", "-v", "--format", "json",
                   "--url", url or f"http://127.0.0.1:{self.server.server_port}/base", *facts["arguments"], *more]
        if zone or facts["zone"]:
            command += ["--zone", zone or facts["zone"]]
        if facts["token"] and environment is None:
            secret = self.folder / "secret"
            secret.write_text(facts["token"] + " \nsecond line\n")
            secret.chmod(0o600)
            command += ["--token-file", str(secret)]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ, **(environment or {})))
        done.seconds = time.monotonic() - began
        done.asked = list(self.server.asked)
        self.runs += 1
        self.written.append((f"{service} {behaviour}", done.stdout + done.stderr))
        self.label = f"{service}, {behaviour}"
        self.done = done
        return done

    def hold(self, right, problem):
        if not right:
            self.problems.append(f"{self.label}: {problem} (exit {self.done.returncode}, {len(self.done.asked)} requests, {self.done.seconds:.1f} s)\n{self.done.stderr[-600:]}")

    def fails(self, text, requests=None, status=4):
        errors = [line for line in self.done.stderr.splitlines() if "error:" in line]
        self.hold(self.done.returncode == status, f"exit {status} was expected")
        self.hold(len(errors) == 1, "one line of error was expected")
        self.hold(errors and text in errors[0], f"'{text}' is not in the error")
        if requests is not None:
            self.hold(len(self.done.asked) == requests, f"{requests} requests were expected")


def mean_of(done):
    return json.loads(done.stdout)["sections"]["summary"]["facts"]["mean_gco2e_per_kwh"]


def check_service(desk, service):
    facts = SERVICES[service]
    asks = 2 if service == "watttime" else 1  # the login comes first
    done = desk.run(service, "good")
    desk.hold(done.returncode == 0, "success was expected")
    if done.returncode == 0:
        desk.hold(abs(mean_of(done) - facts["mean"]) < 1e-6, f"mean {facts['mean']} was expected")
    desk.hold(len(done.asked) == asks, f"{asks} requests were expected")
    headers = done.asked[-1][1] if done.asked else {}
    if service == "electricity-maps":
        desk.hold(headers.get("auth-token") == TOKEN, "the token was not sent")
    elif service == "watttime":
        desk.hold(done.asked[0][1].get("authorization") == "Basic " + base64.b64encode(NAME_AND_WORD.encode()).decode(), "no login")
        desk.hold(headers.get("authorization") == "Bearer " + BEARER, "the short-lived token was not sent")
    else:
        desk.hold("authorization" not in headers and "auth-token" not in headers, "a secret was sent that nobody asked for")
    desk.hold(not any(secret in path for path, _ in done.asked for secret in SECRETS), "a secret stands in an address")

    desk.run(service, "refuses")
    desk.fails("answered 401: it does not accept the token", asks)
    done = desk.run(service, "busy_once")
    desk.hold(done.returncode == 0 and done.seconds >= 1, "Retry-After: 1 was not kept")
    desk.run(service, "busy_until_a_date")
    desk.fails("answered 429 and asks to wait for", asks)
    done = desk.run(service, "fails_twice")
    desk.hold(done.returncode == 0, "the third answer is good")
    desk.run(service, "fails", "--attempts", "2")
    desk.fails("answered 500", asks + 1)
    for behaviour in ("drips", "says_nothing"):
        done = desk.run(service, behaviour, "--timeout", "400ms", "--attempts", "1")
        desk.fails("imeout", asks)
        desk.hold(done.seconds < 10, "the time-out was not kept")
    desk.run(service, "ends_early", "--attempts", "2")
    desk.fails("no intensity could be fetched", asks + 1)
    desk.run(service, "cuts_off")
    desk.fails("no intensity could be fetched: answer of", asks)
    if service != "uk":  # which knows one zone
        desk.run(service, "other_zone")
        desk.fails("zone", asks)
    desk.run(service, "no_json")
    desk.fails("no intensity could be fetched: answer of", asks)
    desk.run(service, "empty")
    desk.fails("is empty", asks)
    done = desk.run(service, "huge")
    desk.fails("answered more than 33554432 bytes", asks)
    stolen = len(desk.elsewhere.asked)
    desk.run(service, "redirects")
    desk.fails("answered 302, a redirect, which is not followed", asks)
    desk.hold(len(desk.elsewhere.asked) == stolen, "the redirect was followed")


def check_login(desk):
    for behaviour, text in (("login_refuses", "answered 401"), ("login_without_token", "without a usable token"),
                            ("login_breaks", "without a usable token"), ("login_injects", "without a usable token")):
        desk.run("watttime", behaviour)
        desk.fails(text, 1)


def check_cache(desk, service):
    cache = desk.folder / f"cache-{service}"
    saved, out = desk.folder / f"{service}.saved.csv", desk.folder / f"{service}.out.json"
    done = desk.run(service, "good", "--cache", str(cache), "--save", str(saved), "-o", str(out))
    desk.hold(done.returncode == 0 and out.exists() and saved.read_text().startswith("# schema"), "files were expected")
    done = desk.run(service, "good", "--cache", str(cache))
    desk.hold(done.returncode == 0 and not done.asked, "an answer this young is taken without asking")
    desk.hold("taken from the cache, fetched at" in done.stdout, "and said to be from the cache")
    entry = next(cache.iterdir())
    old = time.time() - 3 * 3600 - 20
    os.utime(entry, (old, old))
    done = desk.run(service, "fails", "--cache", str(cache), "--attempts", "1")
    desk.hold(done.returncode == 3 and "cached 3 h 0 min ago" in done.stderr and "cached 3 h 0 min ago" in done.stdout, "the cached answer and its age were expected")
    if done.returncode == 3:
        desk.hold(abs(mean_of(done) - SERVICES[service]["mean"]) < 1e-6, "the cached values were expected")
    for behaviour in ("refuses", "no_json", "redirects"):
        done = desk.run(service, behaviour, "--cache", str(cache), "--attempts", "1")
        desk.hold(done.returncode == 3, f"{behaviour}: the cached answer was expected")
    entry.write_text(entry.read_text()[:-30])
    os.utime(entry, (old, old))
    done = desk.run(service, "fails", "--cache", str(cache), "--attempts", "1")
    desk.hold(done.returncode in (3, 4), "a damaged cache is a shorter one or none")
    for path in [saved, out, *cache.iterdir()]:
        desk.written.append((str(path), str(path) + path.read_text()))


def check_network_gone(desk):
    gone = start_server()
    url = f"http://127.0.0.1:{gone.server_port}/base"
    cache = desk.folder / "cache-gone"
    gone.service = "electricity-maps"
    done = desk.run("electricity-maps", "good", "--cache", str(cache), url=url)
    desk.hold(done.returncode == 0, "success was expected")
    gone.shutdown()
    gone.server_close()
    for entry in cache.iterdir():
        os.utime(entry, (time.time() - 7200, time.time() - 7200))
    done = desk.run("electricity-maps", "good", "--cache", str(cache), "--attempts", "1", url=url)
    desk.hold(done.returncode == 3 and "2 h 0 min ago" in done.stderr, "the cache has to do without network")
    desk.run("electricity-maps", "good", "--attempts", "1", url=url)
    desk.fails("onnect")


def check_wrong_use(desk):
    for url, text in ((f"http://someone:{TOKEN}@127.0.0.1/", "they belong into --token-file"), ("ftp://x/", "is no address"),
                      (f"http://127.0.0.1/?token={TOKEN}", "is no address of a service"), ("http://", "is no address of a service")):
        desk.run("uk", "good", url=url)
        desk.fails(text, 0, status=2)
        desk.written.pop()  # what was typed on the command line is the user's own
        if "@" in url or "?" in url:
            errors = "".join(line for line in desk.done.stderr.splitlines() if "error:" in line)
            desk.hold(TOKEN not in errors, "an address was quoted that holds a secret")
    desk.run("electricity-maps", "good", url="http://192.0.2.1/base")
    desk.fails("a token would travel unencrypted", 0, status=2)
    for value, status in ((TOKEN, 0), ("", 2), (f"{TOKEN}\nX-Injected: 1", 2), (f" {TOKEN}\n", 0)):
        done = desk.run("electricity-maps", "good", "--token-variable", "LIVE_TEST_TOKEN", environment={"LIVE_TEST_TOKEN": value})
        desk.hold(done.returncode == status, f"exit {status} was expected of a variable")
        desk.hold(not any("x-injected" in headers for _, headers in done.asked), "a header was injected")
    secret = desk.folder / "open"
    secret.write_text(TOKEN + "\n")
    secret.chmod(0o644)
    desk.run("electricity-maps", "good", "--token-file", str(secret), environment={})
    desk.fails("chmod 600", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", required=True)
    report = parser.parse_args().report
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(report, folder)
        for service in SERVICES:
            check_service(desk, service)
            check_cache(desk, service)
        check_login(desk)
        check_network_gone(desk)
        check_wrong_use(desk)
        desk.server.stop.set()
        for label, text in desk.written:
            for secret in SECRETS:
                if secret in text:
                    desk.problems.append(f"{label}: the secret {secret} was written:\n{text[-800:]}")
    for problem in desk.problems:
        print(problem, file=sys.stderr)
    print(f"{desk.runs} runs, {len(desk.written)} texts searched for {len(SECRETS)} secrets, {len(desk.problems)} problems")
    return 1 if desk.problems or desk.runs < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
