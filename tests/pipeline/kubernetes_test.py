"""`carbonedge plan export --to kubernetes` gives manifests that pass the published schemas and keep what the page promises; manifests that
were broken on purpose do not pass. Skipped where scripts/install_kubernetes_schemas has not run, or there is no node."""

import configparser
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
of_nodes, of_gateway = manifests[:2 * len(nodes) + 1], manifests[2 * len(nodes) + 1:]
hold([m["kind"] for m in of_nodes] == ["Deployment", "Service"] * len(nodes) + ["NetworkPolicy"], "not a Deployment and a Service a node")
hold([m["kind"] for m in of_gateway] == ["ConfigMap", "PersistentVolumeClaim", "Deployment", "Service", "NetworkPolicy"], "not what the gateway needs")
hold(all(m["metadata"]["namespace"] == "edge" for m in manifests), "the namespace is missing")


def check_pod(pod):
    """What holds for every pod: no privileges, and no volume without a mount or the other way round."""
    hold(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "the pod's privileges")
    for container in pod.get("initContainers", []) + pod["containers"]:
        hold(container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, "a container's privileges")
    mounts = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    hold(mounts == {volume["name"] for volume in pod["volumes"]}, "volumes and mounts differ")
    return pod["containers"][0]


services = {}
for deployment, service in zip(of_nodes[0:-1:2], of_nodes[1:-1:2]):
    labels = deployment["spec"]["selector"]["matchLabels"]
    node = labels["app.kubernetes.io/component"]
    template = deployment["spec"]["template"]
    pod = template["spec"]
    container = check_pod(pod)
    services[node] = service
    hold(node in nodes, f"{node} is no node of the plan")
    hold(template["metadata"]["labels"] == labels == service["spec"]["selector"], "the service does not select the pod")
    hold(pod["nodeSelector"] == {f"carbonedge.{node}": "true"}, "the node selector")
    hold({"requests", "limits"} == set(container["resources"]) and container["resources"]["limits"]["cpu"].endswith("m"), "limits")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    hold({port["name"]: port["port"] for port in service["spec"]["ports"]} == ports, "ports of pod and service differ")
    words = container["args"]
    hold("--plain-text-across-hosts" not in words, "nodes must encrypt")
    hold({peer for word, peer in zip(words, words[1:]) if word == "--accept"} == nodes | {"gateway"}, "whose tensors a node takes")

addresses, claim, gateway, service, _ = of_gateway
(ini,) = addresses["data"].items()
listed = configparser.ConfigParser()
listed.read_string(ini[1])
hold(set(listed.sections()) == {"nodes"} | {f"node.{node}" for node in nodes}, "the gateway is not told of every node")
hold(service["spec"]["selector"] == gateway["spec"]["selector"]["matchLabels"], "the gateway's service does not select its pod")
for node, of_node in services.items():
    ports = {port["name"]: port["port"] for port in of_node["spec"]["ports"]}
    told = dict(listed[f"node.{node}"])
    hold(told == {name: f"{of_node['metadata']['name']}:{port}" for name, port in ports.items()}, f"the address of {node}")
pod = gateway["spec"]["template"]["spec"]
container = check_pod(pod)
volumes = {volume["name"]: volume for volume in pod["volumes"]}
paths = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
arguments = dict(zip(container["args"][2::2], container["args"][3::2]))
hold(paths[str(pathlib.PurePath(arguments["--nodes"]).parent)]["configMap"]["name"] == addresses["metadata"]["name"] and pathlib.PurePath(arguments["--nodes"]).name == ini[0], "the file of nodes")
hold(paths[f"{arguments['--tls']}/gateway"]["secret"]["secretName"] == "carbonedge-gateway-tls", "the gateway's certificates")
hold(paths[str(pathlib.PurePath(arguments["--model"]).parent)]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"], "the model's volume")
hold(arguments["--serve-http"] == f"0.0.0.0:{container['ports'][0]['containerPort']}" and service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"], "the service's port")
hold(arguments["--serve"].startswith("127.0.0.1:") and arguments["--engine"] == "attached", "the gateway's command line")
hold({m["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for m in manifests if m["kind"] == "NetworkPolicy"}
     == {m["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] for m in manifests if m["kind"] == "Deployment"}, "a pod without a policy")


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
    "a secret has no name": lambda m: m[-3]["spec"]["template"]["spec"]["volumes"][1].update(secret="carbonedge-gateway-tls"),
    "a claim asks for nothing": lambda m: m[-4]["spec"].update(resources="1Gi"),
    "there is no such kind": lambda m: m[0].update(kind="Deploymnet"),
}
for what, change in breaks.items():
    hold(faults(broken(change)) != "", f"the schemas let pass that {what}")
print(f"{len(manifests)} manifests pass, {len(breaks)} broken ones do not")
