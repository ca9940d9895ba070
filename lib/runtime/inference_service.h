#pragma once

#include "lib/runtime/inference_backend.h"

#include <memory>

namespace grpc {
class Service;
}

namespace carbonedge {

/// GRPCInferenceService over a backend that outlives it. Requests with wrong names, types, shapes or sizes end as
/// INVALID_ARGUMENT, unknown models as NOT_FOUND, what the backend has no room for as UNAVAILABLE.
std::unique_ptr<grpc::Service> make_inference_service(InferenceBackend& backend);

}  // namespace carbonedge
