// Holds manifests against the schemas that Kubernetes publishes, with the validators that the npm package kubernetes-models has
// generated from them. Standard input: a JSON list of manifests. Prints a line a fault, ends with 1 where there is one.
//   node kubernetes_schemas.mjs FOLDER     FOLDER/node_modules is what scripts/install_kubernetes_schemas filled
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const schemas = {
  "apps/v1 Deployment": "IoK8sApiAppsV1Deployment",
  "networking.k8s.io/v1 NetworkPolicy": "IoK8sApiNetworkingV1NetworkPolicy",
  "v1 ConfigMap": "IoK8sApiCoreV1ConfigMap",
  "v1 PersistentVolumeClaim": "IoK8sApiCoreV1PersistentVolumeClaim",
  "v1 Service": "IoK8sApiCoreV1Service",
};

// The generated validators let unknown fields pass, as the schemas do; kubectl does not. They look at every field that a schema knows,
// so a field that none has looked at is unknown.
function watched(value, path, unread) {
  if (value === null || typeof value !== "object") return value;
  const members = Array.isArray(value) ? [] : {};
  for (const [key, member] of Object.entries(value)) {
    const at = `${path}/${key}`;
    unread.add(at);
    members[key] = watched(member, at, unread);
  }
  return new Proxy(members, {
    get(target, key) {
      unread.delete(`${path}/${String(key)}`);
      return target[key];
    },
  });
}

const folder = resolve(process.argv[2], "node_modules/kubernetes-models/_schemas");
let faults = 0;
for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const name = `${manifest.kind} ${manifest.metadata?.name}`;
  const say = (fault) => {
    console.log(`${name}: ${fault}`);
    ++faults;
  };
  if (!(kind in schemas)) {
    say(`no schema for ${kind}`);
    continue;
  }
  const { validate } = await import(pathToFileURL(`${folder}/${schemas[kind]}.js`));
  const unread = new Set();
  if (!validate(watched(manifest, "", unread))) {
    for (const error of validate.errors) say(`${error.instancePath} ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`);
    continue;
  }
  for (const path of unread) {
    if (![...unread].some((other) => path.startsWith(`${other}/`))) say(`${path} is no field of the schema`);
  }
}
process.exit(faults > 0 ? 1 : 0);
