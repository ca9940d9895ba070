"""A Python client of the Open Inference Protocol, generated from the .proto file, against a node. Exits 77 where the generator or grpc is missing."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
LIMIT_S = 30

STAGE = """carbonedge.builtin-stage/1
input x=2x2:float32
input n=3:int64
output y=16:uint8
output z=6:float32
multiply 1
add 0
"""
FAILING = "carbonedge.builtin-stage/1\ninput x=4:uint8\noutput y=4:uint8\nfail it is Sunday\n"


def generate(arguments, folder):
    for proto in ["open_inference", "node"]:
        subprocess.run(
            [arguments.protoc, f"--proto_path={arguments.source}", f"--python_out={folder}", f"--grpc_python_out={folder}",
             f"--plugin=protoc-gen-grpc_python={arguments.plugin}", f"lib/runtime/proto/{proto}.proto"], check=True)
    sys.path.insert(0, folder)


class Checks:
    def __init__(self):
        self.failed = 0

    def equal(self, what, actual, expected):
        if actual != expected:
            self.failed += 1
            print(f"{what}: {actual!r}, expected {expected!r}")


def load(stub, wire, name, text, chunk=7):
    content = text.encode()
    parts = [wire.LoadStageRequest(name=name, total_bytes=len(content), chunk=content[:chunk])]
    parts += [wire.LoadStageRequest(chunk=content[i:i + chunk]) for i in range(chunk, len(content), chunk)]
    return stub.LoadStage(iter(parts), timeout=LIMIT_S)


def check_client(arguments, folder, address, checks):
    import grpc
    from lib.runtime.proto import node_pb2, node_pb2_grpc, open_inference_pb2 as oip, open_inference_pb2_grpc

    owner = node_pb2_grpc.NodeStub(grpc.insecure_channel(f"unix:{folder}/n.control"))
    stranger = grpc.insecure_channel(address)
    client = open_inference_pb2_grpc.GRPCInferenceServiceStub(stranger)

    def code(call, *requests):
        try:
            call(*requests, timeout=LIMIT_S)
            return "OK", ""
        except grpc.RpcError as error:
            return error.code().name, error.details()

    checks.equal("live", client.ServerLive(oip.ServerLiveRequest(), timeout=LIMIT_S).live, True)
    checks.equal("ready without a stage", client.ServerReady(oip.ServerReadyRequest(), timeout=LIMIT_S).ready, False)
    loaded = load(owner, node_pb2, "mix", STAGE)
    checks.equal("execution", loaded.execution, "builtin")
    load(owner, node_pb2, "broken", FAILING)
    checks.equal("ready", client.ServerReady(oip.ServerReadyRequest(), timeout=LIMIT_S).ready, True)
    checks.equal("model ready", client.ModelReady(oip.ModelReadyRequest(name="mix"), timeout=LIMIT_S).ready, True)
    checks.equal("server", client.ServerMetadata(oip.ServerMetadataRequest(), timeout=LIMIT_S).name, "carbonedge-node n")
    metadata = client.ModelMetadata(oip.ModelMetadataRequest(name="mix"), timeout=LIMIT_S)
    checks.equal("inputs", [(t.name, t.datatype, list(t.shape)) for t in metadata.inputs], [("x", "FP32", [2, 2]), ("n", "INT64", [3])])
    checks.equal("outputs", [(t.name, t.datatype, list(t.shape)) for t in metadata.outputs], [("y", "UINT8", [16]), ("z", "FP32", [6])])

    x = bytes(range(16))
    n = bytes(range(100, 124))

    def request(**changes):
        given = {"x": ("FP32", [2, 2], x), "n": ("INT64", [3], n)} | changes.pop("tensors", {})
        message = oip.ModelInferRequest(model_name="mix", id="seven")
        for name, (datatype, shape, raw) in given.items():
            message.inputs.add(name=name, datatype=datatype, shape=shape)
            if raw is not None:
                message.raw_input_contents.append(raw)
        for field, value in changes.items():
            setattr(message, field, value)
        return message

    answer = client.ModelInfer(request(), timeout=LIMIT_S)
    checks.equal("id", answer.id, "seven")
    checks.equal("names", [t.name for t in answer.outputs], ["y", "z"])
    checks.equal("y", answer.raw_output_contents[0], x)
    checks.equal("z", answer.raw_output_contents[1], n)

    swapped = oip.ModelInferRequest(model_name="mix")
    swapped.inputs.add(name="n", datatype="INT64", shape=[3]).contents.int64_contents.extend([1, 2, -3])
    swapped.inputs.add(name="x", datatype="FP32", shape=[2, 2]).contents.fp32_contents.extend([0.5, 1, 2, 4])
    swapped.outputs.add(name="z")
    answer = client.ModelInfer(swapped, timeout=LIMIT_S)
    checks.equal("typed inputs by name, one output asked for", list(answer.raw_output_contents),
                 [b"".join(i.to_bytes(8, "little", signed=True) for i in [1, 2, -3])])

    both = request()
    both.inputs[0].contents.fp32_contents.append(1)
    unknown_output = request()
    unknown_output.outputs.add(name="logits")
    twice = request()
    twice.inputs[1].name = "x"
    twice.inputs[1].datatype = "FP32"
    twice.inputs[1].shape[:] = [2, 2]
    refused = [
        ("wrong type", request(tensors={"x": ("FP64", [2, 2], x)}), "INVALID_ARGUMENT", "input 'x' is FP64 2x2, the model takes FP32 2x2"),
        ("wrong shape", request(tensors={"x": ("FP32", [4], x)}), "INVALID_ARGUMENT", "input 'x' is FP32 4, the model takes FP32 2x2"),
        ("huge shape", request(tensors={"x": ("FP32", [1 << 62, 1 << 62], x)}), "INVALID_ARGUMENT", None),
        ("wrong size", request(tensors={"n": ("INT64", [3], n[:-1])}), "INVALID_ARGUMENT",
         "the content of input 'n' has 23 bytes, INT64 3 needs 24"),
        ("no content", request(tensors={"n": ("INT64", [3], None)}), "INVALID_ARGUMENT",
         "1 raw contents came for 2 inputs; give one each"),
        ("raw and typed", both, "INVALID_ARGUMENT", "input 'x' has raw and typed contents; give one"),
        ("one input", oip.ModelInferRequest(model_name="mix", inputs=request().inputs[:1]), "INVALID_ARGUMENT",
         "model 'mix' takes 2 inputs, 1 came"),
        ("an input twice", twice, "INVALID_ARGUMENT", "input 'x' came twice"),
        ("unknown input", request(tensors={"m": ("INT64", [3], n)}), "INVALID_ARGUMENT", None),
        ("unknown output", unknown_output, "INVALID_ARGUMENT", "unknown output 'logits'; valid: y, z"),
        ("unknown model", request(model_name="mux"), "NOT_FOUND", "unknown model 'mux' (did you mean 'mix'?); valid: broken, mix"),
        ("too large", request(tensors={"x": ("FP32", [2, 2], bytes(2 << 20))}), "RESOURCE_EXHAUSTED", None),
    ]
    for what, message, expected, details in refused:
        actual, text = code(client.ModelInfer, message)
        checks.equal(what, actual, expected)
        if details is not None:
            checks.equal(what, text, details)
    failing = oip.ModelInferRequest(model_name="broken", raw_input_contents=[b"1234"])
    failing.inputs.add(name="x", datatype="UINT8", shape=[4])
    checks.equal("a stage that fails", code(client.ModelInfer, failing), ("INTERNAL", "builtin stage: it is Sunday"))
    checks.equal("unknown model's metadata", code(client.ModelMetadata, oip.ModelMetadataRequest(name="nix"))[0], "NOT_FOUND")
    answer = client.ModelInfer(request(), timeout=LIMIT_S)
    checks.equal("after all that", answer.raw_output_contents[0], x)

    intruder = node_pb2_grpc.NodeStub(stranger)
    checks.equal("control from elsewhere", code(intruder.Shutdown, node_pb2.ShutdownRequest())[0], "PERMISSION_DENIED")
    short = [node_pb2.LoadStageRequest(name="short", total_bytes=100, chunk=b"abc")]
    checks.equal("a stage cut short", code(owner.LoadStage, iter(short))[0], "INVALID_ARGUMENT")
    owner.Shutdown(node_pb2.ShutdownRequest(), timeout=LIMIT_S)


def main():
    parser = argparse.ArgumentParser()
    for name in ["node", "protoc", "plugin", "source"]:
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.plugin).exists():
        print("skipped: there is no grpc_python_plugin (protobuf-compiler-grpc)")
        return SKIPPED
    try:
        import grpc  # noqa: F401
    except ImportError:
        print("skipped: Python has no grpc (python3-grpcio)")
        return SKIPPED
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        generate(arguments, folder)
        node = subprocess.Popen([arguments.node, "--name", "n", "--directory", folder, "--longest-message", "1MiB"], stdout=subprocess.PIPE, text=True)
        try:
            ready = node.stdout.readline().split()
            checks.equal("ready line", ready[:1], ["ready"])
            check_client(arguments, folder, ready[1], checks)
            checks.equal("exit status after Shutdown", node.wait(timeout=LIMIT_S), 0)
        finally:
            node.kill()
            node.wait()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
