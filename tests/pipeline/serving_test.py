"""A pipeline as a service, called by clients that others wrote: Python's gRPC, Node's gRPC, http.client and curl; its metrics read by
Prometheus' own parser and promtool. `builtin` is a chain of builtin stages, `torch` a real network through the whole tool. What is
not there is skipped and named; without Python's gRPC the test is skipped as a whole."""

import argparse
import importlib.util
import json
import math
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

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
        if arguments.kind == "torch":
            report = subprocess.run([f"{arguments.programs}/carbonedge-report", "log.jsonl"], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            checks.equal("report reads the log", (report.returncode, report.stderr), (0, ""))
    if skipped:
        print("not checked here:", ", ".join(skipped))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
