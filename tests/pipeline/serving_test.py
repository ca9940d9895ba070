"""A pipeline as a service, called by clients that others wrote: Python's gRPC, Node's gRPC, http.client and curl; its metrics read by
Prometheus' own parser and promtool. `builtin` is a chain of builtin stages, `torch` a real network through the whole tool. What is
not there is skipped and named; without Python's gRPC the test is skipped as a whole."""

import argparse
import http.client
import importlib.util
import json
import math
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading

from served import LIMIT_S, SKIPPED, Rest, Served, generate_stubs

NETWORK = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(10, 16)
        self.first = torch.nn.Conv2d(3, 16, 3, padding=1)
        self.second = torch.nn.Conv2d(16, 16, 3, padding=1)
        self.head = torch.nn.Linear(16, 5)
    def forward(self, x, ids):
        x = torch.relu(self.first(x))
        x = torch.relu(self.second(x) + x)
        return self.head(x.mean([2, 3]) + self.embed(ids).mean(1))
torch.manual_seed(1)
net = torch.jit.script(Net().eval())
net.save("net.pt")
print(*net(torch.full([1, 3, 32, 32], 2.0), torch.full([1, 4], 2))[0].tolist())
"""
CLUSTER = """[cluster]
schema = carbonedge.cluster/1
name = two

[node.left]
cpus = 0.5
memory = 1GiB
zone = DE
intensity = 600g/kWh
idle_power_per_core = 1W
busy_power_per_core = 4W

[node.right]
cpus = 0.5
memory = 1GiB
zone = SE
intensity = 30g/kWh
idle_power_per_core = 1W
busy_power_per_core = 4W
"""
FORMATS = {"FP32": "<{}f", "INT64": "<{}q", "UINT8": "<{}B"}


class Checks:
    def __init__(self):
        self.failed = 0

    def equal(self, what, actual, expected):
        if actual != expected:
            self.failed += 1
            print(f"{what}: {actual!r}, expected {expected!r}")

    def close(self, what, actual, expected):
        if len(actual) != len(expected) or not all(math.isclose(a, e, rel_tol=1e-4, abs_tol=1e-5) for a, e in zip(actual, expected)):
            self.failed += 1
            print(f"{what}: {actual!r}, expected {expected!r}")


def values_of(datatype, content):
    form = FORMATS[datatype]
    return list(struct.unpack(form.format(len(content) // struct.calcsize(form.format(1))), content))


def check_python(served, expected, checks):
    """A client of Python's gRPC: returns what the model takes."""
    import grpc
    from lib.runtime.proto import open_inference_pb2 as oip, open_inference_pb2_grpc

    with grpc.insecure_channel(served.grpc) as channel:
        client = open_inference_pb2_grpc.GRPCInferenceServiceStub(channel)
        checks.equal("live", client.ServerLive(oip.ServerLiveRequest(), timeout=LIMIT_S).live, True)
        checks.equal("ready", client.ModelReady(oip.ModelReadyRequest(name=served.name), timeout=LIMIT_S).ready, True)
        metadata = client.ModelMetadata(oip.ModelMetadataRequest(name=served.name), timeout=LIMIT_S)
        inputs = [(t.name, t.datatype, list(t.shape)) for t in metadata.inputs]
        request = oip.ModelInferRequest(model_name=served.name, id="python")
        for name, datatype, shape in inputs:
            request.inputs.add(name=name, datatype=datatype, shape=shape)
            request.raw_input_contents.append(struct.pack(FORMATS[datatype].format(math.prod(shape)), *[2] * math.prod(shape)))
        for _ in range(5):
            answer = client.ModelInfer(request, timeout=LIMIT_S)
            checks.equal("id", answer.id, "python")
            checks.close("Python gRPC", values_of(answer.outputs[0].datatype, answer.raw_output_contents[0]), expected)
        request.model_name += "x"
        try:
            client.ModelInfer(request, timeout=LIMIT_S)
            checks.equal("an unknown model", "OK", "NOT_FOUND")
        except grpc.RpcError as error:
            checks.equal("an unknown model", error.code().name, "NOT_FOUND")
            checks.equal("names the nearest", f"did you mean '{served.name}'" in error.details(), True)
    return inputs


def check_rest(served, inputs, expected, checks):
    rest = Rest(served.http)
    path = f"/v2/models/{served.name}"
    checks.equal("live over REST", rest.json("GET", "/v2/health/live"), (200, {"live": True}))
    checks.equal("ready over REST", rest.json("GET", "/v2/health/ready"), (200, {"ready": True}))
    _, metadata = rest.json("GET", path)
    checks.equal("inputs over REST", [(t["name"], t["datatype"], t["shape"]) for t in metadata["inputs"]], inputs)
    tensors = [{"name": n, "datatype": d, "shape": s, "data": [2] * math.prod(s)} for n, d, s in inputs]
    status, answer = rest.json("POST", path + "/infer", {"id": "r", "inputs": tensors})
    checks.equal("status of JSON", status, 200)
    checks.close("JSON", answer["outputs"][0]["data"], expected)

    contents = [struct.pack(FORMATS[d].format(math.prod(s)), *[2] * math.prod(s)) for _, d, s in inputs]
    header = json.dumps({"inputs": [{"name": n, "datatype": d, "shape": s, "parameters": {"binary_data_size": len(c)}}
                                    for (n, d, s), c in zip(inputs, contents)],
                         "parameters": {"binary_data_output": True}}).encode()
    status, headers, body = rest.call("POST", path + "/infer", header + b"".join(contents),
                                      {"Inference-Header-Content-Length": str(len(header))})
    checks.equal("status of binary", status, 200)
    length = int(headers["Inference-Header-Content-Length"])
    output = json.loads(body[:length])["outputs"][0]
    checks.close("binary", values_of(output["datatype"], body[length:]), expected)

    for what, body, expected_status in [("no JSON", b"{", 400), ("no inputs", b"{}", 400), ("too much", bytes(64 << 20), 413)]:
        try:
            checks.equal(what, Rest(served.http).call("POST", path + "/infer", body)[0], expected_status)
        except (BrokenPipeError, ConnectionResetError):  # told so, and hung up on, while still sending
            checks.equal(what + " and hung up on", expected_status, 413)
    checks.equal("unknown model", rest.json("POST", path + "x/infer", {})[0], 404)


def check_curl(served, inputs, expected, checks, folder):
    tensors = [{"name": n, "datatype": d, "shape": s, "data": [2] * math.prod(s)} for n, d, s in inputs]
    (folder / "request.json").write_text(json.dumps({"inputs": tensors}))
    url = f"http://{served.http}/v2/models/{served.name}/infer"
    answer = subprocess.run(["curl", "-sS", "--fail-with-body", "-d", "@request.json", url], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    checks.equal("curl's exit status", (answer.returncode, answer.stderr), (0, ""))
    checks.close("curl", json.loads(answer.stdout)["outputs"][0]["data"], expected)


def check_node(served, inputs, expected, checks, arguments):
    program = pathlib.Path(arguments.source) / "tests/pipeline/node_client/infer.js"
    proto = pathlib.Path(arguments.source) / "lib/runtime/proto/open_inference.proto"
    # A copy beside the packages, which is where Node looks for them.
    beside = pathlib.Path(arguments.node_client) / "infer.js"
    shutil.copy(program, beside)
    answer = subprocess.run(["node", beside, proto, served.grpc, served.name, "2"], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    checks.equal("Node's exit status", (answer.returncode, answer.stderr), (0, ""))
    told = json.loads(answer.stdout)
    checks.equal("Node: live, ready", (told["live"], told["ready"]), (True, True))
    checks.equal("Node: inputs", [tuple(t) for t in told["inputs"]], inputs)
    checks.equal("Node: code and id", (told["code"], told["id"]), ("OK", "from node"))
    checks.close("Node", values_of(told["outputs"][0][1], bytes.fromhex(told["raw"][0])), expected)
    checks.equal("Node: unknown model", told["wrong"][0], "NOT_FOUND")


def check_metrics(served, checks, skipped):
    rest = Rest(served.http)
    status, headers, body = rest.call("GET", "/metrics")
    checks.equal("metrics", (status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
    if shutil.which("promtool"):
        judged = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=LIMIT_S, check=False)
        checks.equal("promtool", (judged.returncode, judged.stdout + judged.stderr), (0, b""))
    else:
        skipped.append("promtool (prometheus)")
    if importlib.util.find_spec("prometheus_client") is None:
        skipped.append("Prometheus' parser (python3-prometheus-client)")
        return
    from prometheus_client.parser import text_string_to_metric_families

    def sums(text):
        found = {}
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
        return found

    first = sums(body)
    answered = {protocol: first["carbonedge_requests_total", (("outcome", "ok"), ("protocol", protocol))] for protocol in ("grpc", "rest")}
    checks.equal("answered over both", [answered["grpc"] >= 5, answered["rest"] >= 2], [True, True])
    for protocol, number in answered.items():
        checks.equal(f"histogram of {protocol}", first["carbonedge_request_duration_seconds_count", (("protocol", protocol),)], number)
    checks.equal("refused ones", first["carbonedge_requests_total", (("outcome", "unknown_model"), ("protocol", "rest"))], 1)
    # The parser of OpenMetrics' ancestor strips _total from a counter's family, not from its samples.
    grams = {labels: value for (name, labels), value in first.items() if name == "carbonedge_node_emissions_grams_total"}
    zones = {dict(labels)["zone"] for labels in grams}
    checks.equal("grams by zone", zones, {"DE", "SE"})
    checks.equal("grams were emitted", all(sum(v for l, v in grams.items() if dict(l)["zone"] == zone) > 0 for zone in zones), True)
    checks.equal("how joules were obtained", {dict(l)["obtained"] for (n, l) in first if n == "carbonedge_node_energy_joules_total"}, {"estimated"})
    second = sums(rest.call("GET", "/metrics")[2])
    fallen = [key for key, value in first.items() if "_total" in key[0] and second[key] < value]
    checks.equal("counters that fell", fallen, [])
    return first


def check_end(served, log, metrics, checks):
    status, talk = served.stop(signal.SIGTERM)
    checks.equal("exit status after SIGTERM", (status, "served " in talk), (0, True))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    ending = lines[-1]
    checks.equal("the log has its end", (ending["record"], ending["complete"], ending["interrupted"]), ("end", True, False))
    clients = [line.get("client", "") for line in lines if line.get("record") == "request"]
    checks.equal("requests of clients are in the log", {"grpc", "rest"} <= set(clients), True)
    checks.equal("and counted", ending["succeeded"] + ending["failed"], len(clients))
    arrivals = [line["arrival_ns"] for line in lines if line.get("client")]
    checks.equal("they arrived within the run", all(0 <= a <= ending["wall_ns"] for a in arrivals), True)
    if metrics:
        for node in (line for line in lines if line.get("record") == "node"):
            told = sum(value for (name, labels), value in metrics.items()
                       if name == "carbonedge_node_energy_joules_total" and ("node", node["node"]) in labels)
            logged = node["compute_energy"]["joules"] + node["transport_energy"]["joules"] + node["idle_joules"]
            checks.equal(f"joules of {node['node']} in the metrics are at most the log's", 0 < told <= logged * 1.000001, True)


def check_drain_under_load(arguments, folder, checks):
    """SIGTERM while four clients ask as fast as they can: whatever was accepted is answered, to whoever asked."""
    import grpc
    from lib.runtime.proto import open_inference_pb2 as oip, open_inference_pb2_grpc

    served, _ = start_builtin(arguments, folder)
    answered = [0] * 4
    wrong = []
    busy = threading.Barrier(5)

    def ask_grpc(place):
        with grpc.insecure_channel(served.grpc) as channel:
            client = open_inference_pb2_grpc.GRPCInferenceServiceStub(channel)
            request = oip.ModelInferRequest(model_name=served.name, raw_input_contents=[bytes(1000)])
            request.inputs.add(name="x", datatype="UINT8", shape=[1000])
            while True:
                try:
                    if client.ModelInfer(request, timeout=LIMIT_S).raw_output_contents[0] != bytes([2]) * 1000:
                        wrong.append("a wrong answer over gRPC")
                except grpc.RpcError as error:
                    # CANCELLED: it came while gRPC's server itself was closing, and was never taken.
                    if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                        wrong.append(f"gRPC: {error.code().name} {error.details()}")
                    return
                answered[place] += 1
                if answered[place] == 20:
                    busy.wait(LIMIT_S)

    def ask_rest(place):
        rest = Rest(served.http)
        message = json.dumps({"inputs": [{"name": "x", "datatype": "UINT8", "shape": [1000], "data": [0] * 1000}]})
        while True:
            try:
                status, _, body = rest.call("POST", f"/v2/models/{served.name}/infer", message)
            except (OSError, http.client.HTTPException):
                return  # the connection was closed between two requests, or is not taken any more
            if status == 503:
                return
            if status != 200 or json.loads(body)["outputs"][0]["data"] != [2] * 1000:
                wrong.append(f"REST: {status} {body[:100]}")
                return
            answered[place] += 1
            if answered[place] == 20:
                busy.wait(LIMIT_S)

    clients = [threading.Thread(target=ask, args=(place,)) for place, ask in enumerate([ask_grpc, ask_grpc, ask_rest, ask_rest])]
    for client in clients:
        client.start()
    busy.wait(LIMIT_S)
    status, talk = served.stop(signal.SIGTERM)
    for client in clients:
        client.join(LIMIT_S)
    checks.equal("nothing wrong while draining", wrong, [])
    told = re.search(r"served (\d+) requests, (\d+) failed", talk)
    checks.equal("drained under load: status, failed", (status, told.group(2)), (0, "0"))
    checks.equal("every request that was accepted reached its client", int(told.group(1)), sum(answered))


def check_over_tls(arguments, folder, checks, skipped):
    """Beyond this machine a service speaks mutual TLS: curl and Python's gRPC with certificates, and without."""
    import grpc
    from lib.runtime.proto import open_inference_pb2 as oip, open_inference_pb2_grpc

    if not shutil.which("curl"):
        return
    tool = f"{arguments.programs}/carbonedge-run"
    if not pathlib.Path(tool).exists():
        skipped.append("TLS (carbonedge-run is not built)")
        return
    (folder / "two.ini").write_text(CLUSTER)
    for directory in ("tls", "strangers"):
        subprocess.run([tool, "certificates", directory, "--cluster", "two.ini", "--client", "shop", "--quiet"], cwd=folder, check=True,
                       capture_output=True, timeout=LIMIT_S)
    words = [f"{arguments.programs}/carbonedge_builtin_service", f"{arguments.programs}/carbonedge_builtin_node", "4", "2",
             str(folder / "tls.jsonl"), "1000", "16", str(folder / "tls")]
    served = Served(words, folder)
    try:
        port = served.http.rsplit(":", 1)[1]

        def curl(path, *more, certificates="tls/shop"):
            own = ["--cert", f"{certificates}/cert.pem", "--key", f"{certificates}/key.pem"] if certificates else []
            return subprocess.run(["curl", "-sS", "--max-time", str(LIMIT_S), "--cacert", "tls/ca.pem", *own, "--connect-to", f"gateway:{port}:127.0.0.1:{port}",
                                   *more, f"https://gateway:{port}{path}"], cwd=folder, capture_output=True, text=True, check=False)

        checks.equal("curl over TLS", curl("/v2/health/live").stdout, '{"live":true}\n')
        message = json.dumps({"inputs": [{"name": "x", "datatype": "UINT8", "shape": [4], "data": [1, 2, 3, 4]}]})
        answer = curl(f"/v2/models/{served.name}/infer", "-d", message)
        checks.equal("curl infers over TLS", json.loads(answer.stdout)["outputs"][0]["data"], [3, 4, 5, 6])
        checks.equal("metrics over TLS", "carbonedge_requests_total" in curl("/metrics").stdout, True)
        for who, certificates in [("without a certificate", None), ("of another authority", "strangers/shop")]:
            for _ in range(2):
                refused = curl("/v2/health/live", certificates=certificates)
                checks.equal(f"curl {who} is refused", (refused.returncode != 0, refused.stdout), (True, ""))
        plain = subprocess.run(["curl", "-sS", "--max-time", str(LIMIT_S), f"http://127.0.0.1:{port}/v2/health/live"], capture_output=True, text=True, check=False)
        checks.equal("plain HTTP is refused", (plain.returncode != 0, plain.stdout), (True, ""))

        def pem(name):
            return (folder / name).read_bytes()

        def infer(credentials):
            where = f"127.0.0.1:{served.grpc.rsplit(':', 1)[1]}"
            with grpc.secure_channel(where, credentials, options=[("grpc.ssl_target_name_override", "gateway")]) as channel:
                request = oip.ModelInferRequest(model_name=served.name, raw_input_contents=[bytes([1, 2, 3, 4])])
                request.inputs.add(name="x", datatype="UINT8", shape=[4])
                try:
                    return list(open_inference_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=LIMIT_S).raw_output_contents[0])
                except grpc.RpcError as error:
                    return error.code().name

        checks.equal("gRPC over TLS", infer(grpc.ssl_channel_credentials(pem("tls/ca.pem"), pem("tls/shop/key.pem"), pem("tls/shop/cert.pem"))), [3, 4, 5, 6])
        checks.equal("gRPC without a certificate", infer(grpc.ssl_channel_credentials(pem("tls/ca.pem"))), "UNAVAILABLE")
        checks.equal("curl after all that", curl("/v2/health/ready").stdout, '{"ready":true}\n')
        status, talk = served.stop(signal.SIGTERM)
        checks.equal("status after refusals", status, 0)
        said = sorted(line for line in talk.splitlines() if "was refused" in line)
        https = [line for line in said if "an HTTPS connection from 127.0.0.1 was refused" in line]
        checks.equal("HTTPS refusals are told once each", len(https) == len(set(https)) == 3, True)
        checks.equal("and those of gRPC", [line for line in said if "gRPC" in line],
                     ["builtin-service: a gRPC connection was refused: peer did not return a certificate"])
    finally:
        served.process.kill()
        served.process.wait()


def start_builtin(arguments, folder):
    words = [f"{arguments.programs}/carbonedge_builtin_service", f"{arguments.programs}/carbonedge_builtin_node", "1000", "2",
             str(folder / "log.jsonl"), "1000"]
    return Served(words, folder), [4.0] * 1000


def start_torch(arguments, folder):
    (folder / "net.py").write_text(NETWORK)
    exported = subprocess.run([sys.executable, "net.py"], cwd=folder, capture_output=True, text=True, check=False)
    if exported.returncode != 0:
        print("skipped: Python's torch cannot export the network:", exported.stderr.splitlines()[-1:])
        sys.exit(SKIPPED)
    (folder / "two.ini").write_text(CLUSTER)
    tool = f"{arguments.programs}/carbonedge-"
    for words in [[tool + "profile", "net.pt", "--input", "1x3x32x32", "--input", "ids=1x4:int64[0,10)", "--min-time", "100ms", "--max-time", "300ms",
                   "-o", "net.profile.csv"],
                  [tool + "plan", "net.profile.csv", "--cluster", "two.ini", "--minimize", "latency", "--pin", "first=left", "--pin", "head=right",
                   "--name", "net", "-o", "net.plan.json"]]:
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=LIMIT_S * 2)
    words = [tool + "run", "net.plan.json", "--model", "net.pt", "--requests", "3", "--serve", "127.0.0.1:0", "--serve-http", "127.0.0.1:0",
             "-o", "log.jsonl"]
    return Served(words, folder), [float(word) for word in exported.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["builtin", "torch"])
    for name in ["programs", "protoc", "plugin", "source", "node-client"]:
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.plugin).exists() or importlib.util.find_spec("grpc") is None:
        print("skipped: no Python gRPC client (protobuf-compiler-grpc, python3-grpcio)")
        return SKIPPED
    checks, skipped = Checks(), []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        generate_stubs(arguments.protoc, arguments.plugin, arguments.source, folder)
        served, expected = (start_builtin if arguments.kind == "builtin" else start_torch)(arguments, folder)
        try:
            inputs = check_python(served, expected, checks)
            check_rest(served, inputs, expected, checks)
            if shutil.which("curl"):
                check_curl(served, inputs, expected, checks, folder)
            else:
                skipped.append("curl")
            if shutil.which("node") and (pathlib.Path(arguments.node_client) / "node_modules/@grpc/grpc-js").exists():
                check_node(served, inputs, expected, checks, arguments)
            else:
                skipped.append("Node's gRPC (scripts/install_node_client)")
            metrics = check_metrics(served, checks, skipped)
            check_end(served, folder / "log.jsonl", metrics, checks)
        finally:
            served.process.kill()
            served.process.wait()
        if arguments.kind == "builtin":
            check_drain_under_load(arguments, folder, checks)
            check_over_tls(arguments, folder, checks, skipped)
        else:
            report = subprocess.run([f"{arguments.programs}/carbonedge-report", "log.jsonl"], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            checks.equal("report reads the log", (report.returncode, report.stderr), (0, ""))
    if skipped:
        print("not checked here:", ", ".join(skipped))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
