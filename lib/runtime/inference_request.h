#pragma once

#include "lib/runtime/inference_backend.h"

#include <span>
#include <string>
#include <vector>

namespace carbonedge {

/// Holds what a client offers, in whatever form it came, against what a model takes. Every step returns "" or why the
/// request cannot be taken, in words that are the same for every protocol.
class OfferedInputs {
public:
    explicit OfferedInputs(const ServedModel& model) : model_(model) {}

    std::string expect(std::size_t count);
    /// `position` becomes that of the model's input; `datatype` is the protocol's name, "FP32".
    std::string declare(const std::string& name, const std::string& datatype, const std::vector<std::int64_t>& shape,
                        std::size_t& position);
    /// `content` lives for as long as the tensors are used.
    std::string fill(std::size_t position, const std::byte* content, std::size_t size);

    /// In the order of the model's inputs, once all are filled.
    [[nodiscard]] const std::vector<TensorView>& tensors() const { return tensors_; }

private:
    const ServedModel& model_;
    std::vector<TensorView> tensors_;
    std::vector<bool> given_;
};

/// The positions of the outputs that a request names, all where it names none. Returns "" or what is wrong.
std::string select_outputs(const ServedModel& model, std::span<const std::string> names,
                           std::vector<std::size_t>& wanted);

/// "unknown model 'mux' (did you mean 'mix'?); valid: ...".
std::string unknown_model_message(const InferenceBackend& backend, const std::string& name);

}  // namespace carbonedge
