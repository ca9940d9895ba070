"""`carbonedge plan export --to kubernetes` gives manifests that pass the published schemas and keep what the page promises; manifests that
were broken on purpose do not pass. Skipped where scripts/install_kubernetes_schemas has not run, or there is no node."""

import copy
import json
import pathlib
import shutil
import subprocess
import sys

import yaml

SKIPPED = 77
plan_tool, source, schemas = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
plan_file = source / "tests/golden/inputs/report/split.plan.json"


def export(*words):
    return subprocess.run([plan_tool, "export", "--to", "kubernetes", plan_file, *words], capture_output=True, text=True, check=True).stdout


def faults(manifests):
    checker = pathlib.Path(__file__).with_name("kubernetes_schemas.mjs")
    result = subprocess.run(["node", checker, schemas], input=json.dumps(manifests), capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1) or (result.returncode == 1) != bool(result.stdout):
        sys.exit(f"the validator did not run: {result.stderr}")
    return result.stdout


def hold(condition, problem):
    if not condition:
        sys.exit(problem)


if not shutil.which("node") or not (schemas / "node_modules/kubernetes-models").is_dir():
    print("skipped: there is no node, or scripts/install_kubernetes_schemas has not run")
    sys.exit(SKIPPED)

manifests = list(yaml.safe_load_all(export("--namespace", "edge", "--image", "registry.example.org/carbonedge:1")))
plan = json.loads(plan_file.read_text(encoding="utf-8"))
nodes = {stage["node"] for pipeline in plan["pipelines"] for stage in pipeline["stages"]}
found = faults(manifests)
hold(found == "", f"the manifests do not pass:\n{found}")
hold([m["kind"] for m in manifests] == ["Deployment", "Service"] * len(nodes) + ["NetworkPolicy"], "not a Deployment and a Service a node")
hold(all(m["metadata"]["namespace"] == "edge" for m in manifests), "the namespace is missing")

for deployment, service in zip(manifests[0:-1:2], manifests[1:-1:2]):
    labels = deployment["spec"]["selector"]["matchLabels"]
    node = labels["app.kubernetes.io/component"]
    template = deployment["spec"]["template"]
    pod, container = template["spec"], template["spec"]["containers"][0]
    hold(node in nodes, f"{node} is no node of the plan")
    hold(template["metadata"]["labels"] == labels == service["spec"]["selector"], "the service does not select the pod")
    hold(pod["nodeSelector"] == {f"carbonedge.{node}": "true"}, "the node selector")
    hold(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "the pod's privileges")
    hold(container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, "the container's privileges")
    hold({"requests", "limits"} == set(container["resources"]) and container["resources"]["limits"]["cpu"].endswith("m"), "limits")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    hold({port["name"]: port["port"] for port in service["spec"]["ports"]} == ports, "ports of pod and service differ")
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    hold(mounts == {volume["name"] for volume in pod["volumes"]}, "volumes and mounts differ")
    hold("--plain-text-across-hosts" not in container["args"], "nodes must encrypt")


def broken(change):
    changed = copy.deepcopy(manifests)
    change(changed)
    return changed


def container_of(changed):
    return changed[0]["spec"]["template"]["spec"]["containers"][0]


breaks = {
    "a required field is missing": lambda m: m[0]["spec"].pop("selector"),
    "a number is text": lambda m: m[0]["spec"].update(replicas="one"),
    "a text is a number": lambda m: m[0]["spec"]["template"]["spec"]["nodeSelector"].update(edge=1),
    "a list is an object": lambda m: container_of(m).update(args={"--name": "edge"}),
    "a container has no name": lambda m: container_of(m).pop("name"),
    "a field is misspelt": lambda m: container_of(m).update(resource={}),
    "a field deep down is misspelt": lambda m: container_of(m)["securityContext"].update(readOnlyRootFileSystem=True),
    "a field stands elsewhere": lambda m: m[1]["spec"].update(targetPort=7000),
    "a port has no number": lambda m: m[1]["spec"]["ports"][0].pop("port"),
    "a policy rules nobody": lambda m: m[-1]["spec"].update(podSelector="all"),
    "there is no such kind": lambda m: m[0].update(kind="Deploymnet"),
}
for what, change in breaks.items():
    hold(faults(broken(change)) != "", f"the schemas let pass that {what}")
print(f"{len(manifests)} manifests pass, {len(breaks)} broken ones do not")
