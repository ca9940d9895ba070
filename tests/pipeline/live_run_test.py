"""carbonedge run --live against a real HTTP server on this machine that also fails: values that change while requests flow, a service that
refuses or hangs in between or at the start, and Ctrl-C meanwhile."""

import datetime
import http.server
import json
import signal
import sys
import threading

import run_test

HANG, REFUSE = "hang", 401


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *unused):
        pass

    def do_GET(self):
        server = self.server
        step = server.script[min(server.asked, len(server.script) - 1)]
        server.asked += 1
        server.told.set()
        if step == HANG:
            server.end.wait(60)
            return
        if step == REFUSE:
            self.send_error(401)
            return
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
        times = [(start + datetime.timedelta(minutes=m)).strftime("%Y-%m-%dT%H:%MZ") for m in (0, 30)]
        body = json.dumps({"data": [{"from": times[0], "to": times[1], "intensity": {"forecast": 1, "actual": step, "index": "low"}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Service:
    """Answers by its script, a step a question, the last one again and again."""

    def __init__(self, *script):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.script, self.server.asked, self.server.told, self.server.end = script, 0, threading.Event(), threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def options(self, poll="1s"):
        return ["--live", "GB=uk", "--live-url", f"http://127.0.0.1:{self.server.server_port}", "--poll", poll]

    def close(self):
        self.server.end.set()
        self.server.shutdown()
        self.server.server_close()


def check_changes(tools, folder, checks):
    service = Service(200, 200, 100, REFUSE, REFUSE, 300)
    run = tools.start("run", "one.plan.json", "--model", "net.pt", "--rate", "20/s", "--requests", "160", *service.options(), "-o", "live.jsonl")
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    service.close()
    checks.hold("a run that asks a service succeeds", run.returncode == 0, run.returncode, talk)
    log = [json.loads(line) for line in (folder / "live.jsonl").read_text().splitlines()]
    values = [(record["zone"], record["intensity_gco2e_per_kwh"]) for record in log if record.get("record") == "intensity"]
    checks.hold("the log has every new value", values == [("GB", 200), ("GB", 100), ("GB", 300)], values)
    refusals = [line for line in talk.splitlines() if "401" in line]
    checks.hold("a failing service is told once, and the last value stays", len(refusals) == 1 and refusals[0].endswith("the last value stays"), talk)
    checks.hold("all requests are answered", sum(record.get("record") == "request" for record in log) == 160)


def check_refused_start(tools, folder, checks):
    service = Service(REFUSE)
    run = tools.start("run", "one.plan.json", "--model", "net.pt", *service.options(), "-o", "never.jsonl")
    _, talk = run.communicate(timeout=run_test.LIMIT_S)
    service.close()
    checks.hold("a service that refuses from the start ends the run with 4", run.returncode == 4, run.returncode)
    checks.hold("in one line", talk.count("\n") == 1 and "uk answered 401" in talk, talk)
    checks.hold("and leaves no file", not (folder / "never.jsonl").exists() and not list(folder.glob("carbonedge-*")))


def check_hanging(tools, folder, checks):
    for script, name in (((HANG,), "from the start"), ((200, HANG), "while requests flow")):
        service = Service(*script)
        run = tools.start("run", "one.plan.json", "--model", "net.pt", "--rate", "20/s", "--requests", "100000", *service.options(), "-o", f"{len(script)}.jsonl")
        while service.server.asked < len(script):
            service.server.told.wait(30)
            service.server.told.clear()
        run.send_signal(signal.SIGINT)
        try:
            _, talk = run.communicate(timeout=10)  # far less than what the service has to answer
            checks.hold(f"Ctrl-C ends a run whose service hangs {name}", run.returncode == 130, run.returncode, talk)
        except run_test.subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            checks.hold(f"Ctrl-C ends a run whose service hangs {name}, soon", False)
        service.close()


def main():
    with run_test.prepared() as (_, tools, folder, checks):
        (folder / "gb.ini").write_text(run_test.CLUSTER.replace("cpus = 0.5", "zone = GB\nintensity_scope = direct\ncpus = 0.5"))
        tools.must("plan", "net.profile.csv", "--cluster", "gb.ini", "--minimize", "latency", "-o", "one.plan.json")
        check_changes(tools, folder, checks)
        check_refused_start(tools, folder, checks)
        check_hanging(tools, folder, checks)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
