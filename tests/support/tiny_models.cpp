#include "tests/support/tiny_models.h"

#include "lib/base/random.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace carbonedge {
namespace {

using torch::jit::Module;

/// Puts modules together in one compilation unit, as torch.jit.script does.
class Builder {
public:
    explicit Builder(std::uint64_t seed) : random_(seed) {}

    Module module(const std::string& type) { return {"__torch__.tiny." + type, unit_, true}; }

    Module convolution(std::int64_t in, std::int64_t out) {
        Module made = module("Conv2d");
        made.register_parameter("weight", weights({out, in, 3, 3}, 1.0 / std::sqrt(9.0 * static_cast<double>(in))),
                                false);
        made.register_parameter("bias", weights({out}, 0.1), false);
        made.define("def forward(self, x):\n    return torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])\n");
        return made;
    }

    Module linear(std::int64_t in, std::int64_t out) {
        Module made = module("Linear");
        made.register_parameter("weight", weights({out, in}, 1.0 / std::sqrt(static_cast<double>(in))), false);
        made.register_parameter("bias", weights({out}, 0.1), false);
        made.define("def forward(self, x):\n    return torch.linear(x, self.weight, self.bias)\n");
        return made;
    }

    Module batch_norm(std::int64_t channels) {
        Module made = module("BatchNorm2d");
        made.register_parameter("weight", at::add(weights({channels}, 0.2), 1.0), false);
        made.register_parameter("bias", weights({channels}, 0.1), false);
        made.register_buffer("running_mean", weights({channels}, 0.1));
        made.register_buffer("running_var", at::add(weights({channels}, 0.3).abs(), 0.5));
        made.define(
            "def forward(self, x):\n"
            "    return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, False, 0.1, "
            "1e-05, False)\n");
        return made;
    }

    Module embedding(std::int64_t entries, std::int64_t width) {
        Module made = module("Embedding");
        made.register_parameter("weight", weights({entries, width}, 1.0), false);
        made.define("def forward(self, ids):\n    return torch.embedding(self.weight, ids)\n");
        return made;
    }

    Module function(const std::string& type, const std::string& expression) {
        Module made = module(type);
        made.define("def forward(self, x):\n    return " + expression + "\n");
        return made;
    }
    Module relu() { return function("ReLU", "torch.relu(x)"); }

private:
    at::Tensor weights(const std::vector<std::int64_t>& shape, double deviation) {
        at::Tensor tensor = at::empty(shape, at::kFloat);
        float* values = tensor.data_ptr<float>();
        for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(deviation * random_.normal());
        return tensor;
    }

    SeededRandom random_;
    std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
};

Module chain(Builder& build) {
    Module net = build.module("Chain");
    net.register_module("conv1", build.convolution(3, 8));
    net.register_module("bn1", build.batch_norm(8));
    net.register_module("relu1", build.relu());
    net.register_module("conv2", build.convolution(8, 4));
    net.register_module("pool", build.function("AvgPool", "torch.adaptive_avg_pool2d(x, [1, 1])"));
    net.register_module("flat", build.function("Flatten", "torch.flatten(x, 1)"));
    net.register_module("fc", build.linear(4, 5));
    net.define(
        "def forward(self, x):\n"
        "    x = self.relu1.forward(self.bn1.forward(self.conv1.forward(x)))\n"
        "    x = self.pool.forward(self.conv2.forward(x))\n"
        "    return self.fc.forward(self.flat.forward(x))\n");
    return net;
}

Module residual(Builder& build) {
    Module block = build.module("Block");
    block.register_module("conv", build.convolution(6, 6));
    block.register_module("relu", build.relu());
    block.define(
        "def forward(self, x):\n"
        "    y = self.relu.forward(self.conv.forward(x))\n"
        "    return x + y\n");
    Module net = build.module("Residual");
    net.register_module("stem", build.convolution(3, 6));
    net.register_module("block", block);
    net.register_module("head", build.convolution(6, 2));
    net.define("def forward(self, x):\n    return self.head.forward(self.block.forward(self.stem.forward(x)))\n");
    return net;
}

Module branches(Builder& build) {
    Module net = build.module("Branches");
    net.register_module("left", build.convolution(3, 4));
    net.register_module("right", build.convolution(3, 2));
    net.register_module("join", build.convolution(6, 3));
    net.define(
        "def forward(self, x):\n"
        "    return self.join.forward(torch.cat([self.left.forward(x), self.right.forward(x)], 1))\n");
    return net;
}

Module growing_list(Builder& build) {
    Module net = build.module("GrowingList");
    net.register_module("one", build.convolution(3, 2));
    net.register_module("two", build.convolution(5, 2));
    net.register_module("three", build.convolution(7, 2));
    net.define(
        "def forward(self, x):\n"
        "    seen = [x]\n"
        "    seen.append(self.one.forward(torch.cat(seen, 1)))\n"
        "    seen.append(self.two.forward(torch.cat(seen, 1)))\n"
        "    return self.three.forward(torch.cat(seen, 1))\n");
    return net;
}

Module two_inputs(Builder& build) {
    Module net = build.module("TwoInputs");
    net.register_module("image", build.linear(6, 4));
    net.register_module("extra", build.linear(3, 4));
    net.register_module("head", build.linear(4, 2));
    net.define(
        "def forward(self, x, y):\n"
        "    return self.head.forward(torch.tanh(self.image.forward(x)) + self.extra.forward(y))\n");
    return net;
}

Module token_ids(Builder& build) {
    Module net = build.module("TokenIds");
    net.register_module("tokens", build.embedding(50, 6));
    net.register_module("fc", build.linear(6, 3));
    net.define(
        "def forward(self, ids):\n"
        "    x = torch.mean(self.tokens.forward(ids), [1])\n"
        "    return self.fc.forward(x)\n");
    return net;
}

Module tuple(Builder& build) {
    Module net = build.module("Pair");
    net.register_module("body", build.linear(5, 4));
    net.register_module("mean", build.linear(4, 2));
    net.register_module("classes", build.linear(4, 3));
    net.define(
        "def forward(self, x):\n"
        "    x = torch.relu(self.body.forward(x))\n"
        "    return self.mean.forward(x), torch.argmax(self.classes.forward(x), 1)\n");
    return net;
}

Module called_twice(Builder& build) {
    Module net = build.module("Twice");
    net.register_module("fc", build.linear(4, 4));
    net.register_module("act", build.relu());
    net.define(
        "def forward(self, x):\n"
        "    x = self.act.forward(self.fc.forward(x))\n"
        "    return self.fc.forward(self.fc.forward(x))\n");
    return net;
}

Module decided_by_shape(Builder& build) {
    Module net = build.module("ByShape");
    net.register_module("conv", build.convolution(3, 4));
    net.register_module("fc", build.linear(16, 3));
    net.define(
        "def forward(self, x):\n"
        "    n = x.size(0)\n"
        "    y = self.conv.forward(x)\n"
        "    if y.size(2) > 100:\n"
        "        y = torch.relu(y)\n"
        "    else:\n"
        "        y = torch.tanh(y)\n"
        "    rows = [n, -1]\n"
        "    return self.fc.forward(torch.adaptive_avg_pool2d(y, [2, 2]).view(rows))\n");
    return net;
}

Module decided_by_content(Builder& build) {
    Module net = build.module("ByContent");
    net.register_module("before", build.linear(4, 4));
    net.register_module("after", build.linear(4, 2));
    net.define(
        "def forward(self, x):\n"
        "    x = self.before.forward(x)\n"
        "    if bool(torch.mean(x) > 0.0):\n"
        "        y = torch.relu(x)\n"
        "    else:\n"
        "        y = torch.tanh(x)\n"
        "    return self.after.forward(y)\n");
    return net;
}

Module number_from_content(Builder& build) {
    Module net = build.module("Number");
    net.register_module("first", build.linear(4, 4));
    net.register_module("second", build.linear(4, 3));
    net.define(
        "def forward(self, x):\n"
        "    y = self.first.forward(x)\n"
        "    scale = float(torch.max(torch.abs(y))) + 1.0\n"
        "    return self.second.forward(y) / scale\n");
    return net;
}

Module overwritten(Builder& build) {
    Module net = build.module("Overwritten");
    net.register_module("one", build.linear(4, 4));
    net.register_module("two", build.linear(4, 4));
    net.define(
        "def forward(self, x):\n"
        "    y = self.one.forward(x)\n"
        "    top = y[:, 0:2]\n"
        "    z = self.two.forward(y)\n"
        "    torch.relu_(y)\n"
        "    z = torch.relu_(z)\n"
        "    return z + y + torch.cat([top, top], 1)\n");
    return net;
}

Module input_overwritten(Builder& build) {
    Module net = build.module("InputOverwritten");
    net.register_module("fc", build.linear(4, 2));
    net.define(
        "def forward(self, x):\n"
        "    torch.relu_(x)\n"
        "    return self.fc.forward(x)\n");
    return net;
}

Module early_output(Builder& build) {
    Module net = build.module("EarlyOutput");
    net.register_module("one", build.linear(4, 3));
    net.register_module("two", build.linear(3, 3));
    net.register_module("three", build.linear(3, 2));
    net.define(
        "def forward(self, x):\n"
        "    early = self.one.forward(x)\n"
        "    late = self.three.forward(self.two.forward(early))\n"
        "    return [late, early]\n");
    return net;
}

Module wide_hardswish(Builder& build) {
    Module net = build.module("WideHardswish");
    net.register_module("conv", build.convolution(3, 72));
    net.register_module("act", build.function("Hardswish", "torch.hardswish(x)"));
    net.register_module("head", build.convolution(72, 4));
    net.define("def forward(self, x):\n    return self.head.forward(self.act.forward(self.conv.forward(x)))\n");
    return net;
}

struct Recipe {
    TinyModel model;
    std::function<Module(Builder&)> build;
};

std::vector<InputSpec> specs(std::initializer_list<const char*> texts) {
    std::vector<InputSpec> made;
    for (const char* text : texts) made.push_back(parse_input_spec(text));
    return made;
}

const std::vector<Recipe>& recipes() {
    static const std::vector<Recipe> all{
        {{"chain", specs({"1x3x8x8"}), {"conv1", "relu1", "conv2", "pool", "flat", "fc"}, {}}, chain},
        {{"residual", specs({"2x3x6x6"}), {"stem", "block.conv", "block.relu", "block.add", "head"}, {}}, residual},
        {{"branches", specs({"1x3x6x6"}), {"left", "right", "cat", "join"}, {}}, branches},
        {{"growing-list", specs({"1x3x6x6"}), {"cat", "one", "cat#2", "two", "cat#3", "three"}, {}}, growing_list},
        {{"two-inputs", specs({"x=2x6", "y=2x3"}), {"image", "tanh", "extra", "add", "head"}, {}}, two_inputs},
        {{"token-ids", specs({"ids=2x7:int64[0,50)"}), {"tokens", "mean", "fc"}, {}}, token_ids},
        {{"tuple", specs({"3x5"}), {"body", "relu", "mean", "classes", "argmax"}, {}}, tuple},
        {{"called-twice", specs({"2x4"}), {"fc", "act", "fc#2", "fc#3"}, {}}, called_twice},
        {{"decided-by-shape", specs({"2x3x6x6"}), {"conv", "forward", "fc"}, {}}, decided_by_shape},
        {{"decided-by-content", specs({"2x4"}), {"before", "forward", "after"}, {}}, decided_by_content},
        {{"number-from-content", specs({"2x4"}), {"first", "forward", "second", "div"}, {"forward", "second"}},
         number_from_content},
        {{"overwritten", specs({"2x4"}), {"one", "forward", "two", "forward#2"}, {"one", "forward", "two"}},
         overwritten},
        {{"input-overwritten", specs({"2x4:float32[-1,1)"}), {"relu", "fc"}, {}}, input_overwritten},
        {{"early-output", specs({"2x4"}), {"one", "two", "three"}, {}}, early_output},
        {{"wide-hardswish", specs({"1x3x9x9:float32[-3,3)"}), {"conv", "act", "head"}, {}}, wide_hardswish},
    };
    return all;
}

}  // namespace

const std::vector<TinyModel>& tiny_models() {
    static const std::vector<TinyModel> models = [] {
        std::vector<TinyModel> made;
        for (const Recipe& recipe : recipes()) made.push_back(recipe.model);
        return made;
    }();
    return models;
}

const TinyModel& tiny_model(const std::string& name) {
    for (const TinyModel& model : tiny_models())
        if (model.name == name) return model;
    throw std::invalid_argument("no tiny model is called " + name);
}

void write_tiny_model(const std::string& name, const std::string& path) {
    const auto recipe =
        std::find_if(recipes().begin(), recipes().end(), [&](const Recipe& r) { return r.model.name == name; });
    if (recipe == recipes().end()) throw std::invalid_argument("no tiny model is called " + name);
    const at::NoGradGuard no_gradients;
    Builder builder(1234);
    Module net = recipe->build(builder);
    net.eval();
    net.save(path);
}

}  // namespace carbonedge
