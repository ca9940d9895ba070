#pragma once

#include "lib/partition/plan.h"

#include <string>

namespace carbonedge {

struct KubernetesOptions {
    std::string image = "carbonedge";
    std::string namespace_name;  ///< "": kubectl's own
};

/// Manifests of a plan, a YAML stream for `kubectl apply -f`. For each node that it uses a Deployment of one pod,
/// limited to the node's CPUs and memory, placed by the label `carbonedge.NODE=true`, without privileges, its
/// certificates from the Secret `carbonedge-NODE-tls`, and a Service under which the others find it. Then the gateway:
/// a Deployment that runs the plan on those nodes (`--engine attached`) and serves it, REST over mutual TLS, behind a
/// Service, the ConfigMap of their addresses, and a PersistentVolumeClaim into which plan and model are copied before
/// it starts. Two NetworkPolicies let only them in. Stages are not part of it: the gateway ships them over the control
/// connection. A node takes tensors from those nodes and the gateway alone. Throws InputError (named `file`) for a
/// node whose name Kubernetes cannot have.
std::string write_kubernetes_manifests(const Plan& plan, const std::string& file, const KubernetesOptions& options);

}  // namespace carbonedge
