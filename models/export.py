#!/usr/bin/python3
"""Exports networks as TorchScript files with seeded weights whose outputs are of order 1.

    export.py mobilenet_v2 efficientnet_b0 -o build/models
    export.py resnet50 -o . --weights resnet50.pth
    export.py --list

Needs torch and torchvision (Debian: python3-torch python3-torchvision). Nothing is downloaded.
"""
import argparse
import io
import os
import sys
import tempfile

import torch
import torchvision

ENCODER = "encoder"
FAMILIES = {
    "alexnet": ["alexnet"],
    "convnext": ["convnext_tiny", "convnext_small", "convnext_base", "convnext_large"],
    "densenet": ["densenet121", "densenet161", "densenet169", "densenet201"],
    "efficientnet": [f"efficientnet_b{i}" for i in range(8)] + [f"efficientnet_v2_{s}" for s in "sml"],
    "googlenet": ["googlenet"],
    "inception": ["inception_v3"],
    "mnasnet": ["mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"],
    "mobilenet_v2": ["mobilenet_v2"],
    "mobilenet_v3": ["mobilenet_v3_small", "mobilenet_v3_large"],
    "regnet": [f"regnet_{k}_{s}" for k in "xy" for s in
               ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")] + ["regnet_y_128gf"],
    "resnet": ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
               "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"],
    "shufflenet": ["shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"],
    "squeezenet": ["squeezenet1_0", "squeezenet1_1"],
    "swin": ["swin_t", "swin_s", "swin_b", "swin_v2_t", "swin_v2_s", "swin_v2_b"],
    "vgg": ["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"],
    "vit": ["vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32"],
    "transformer": [ENCODER],
}
NAMES = sorted(name for names in FAMILIES.values() for name in names)


class Encoder(torch.nn.Module):
    """A small transformer encoder over token ids, as a text model is split on the edge."""

    def __init__(self, vocabulary=30522, width=128, heads=4, hidden=512, layers=4, length=512):
        super().__init__()
        self.tokens = torch.nn.Embedding(vocabulary, width)
        self.positions = torch.nn.Embedding(length, width)
        self.norm = torch.nn.LayerNorm(width)
        block = torch.nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.0, activation="gelu",
                                                 batch_first=True)
        self.blocks = torch.nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.head = torch.nn.Linear(width, 2)

    def forward(self, ids):
        places = torch.arange(ids.size(1), device=ids.device)
        x = self.norm(self.tokens(ids) + self.positions(places))
        return self.head(self.blocks(x).mean(dim=1))


def image_size(name):
    return 299 if name == "inception_v3" else 224


def build(name):
    if name == ENCODER:
        return Encoder()
    arguments = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        # As torchvision leaves them with trained weights: rescaled input, auxiliary heads for training only.
        arguments.update(transform_input=True, init_weights=False)
    return getattr(torchvision.models, name)(**arguments)


def example_input(name, seed):
    generator = torch.Generator().manual_seed(seed)
    if name == ENCODER:
        return torch.randint(0, 30522, (1, 128), generator=generator)
    size = image_size(name)
    return torch.rand((1, 3, size, size), generator=generator)


def soften_weights(model):
    """Weights such that a signal neither dies nor explodes; a head that is zero at first gets values."""
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            else:
                torch.nn.init.normal_(module.weight, std=module.in_features ** -0.5)
            if module.bias is not None:
                torch.nn.init.uniform_(module.bias, -0.05, 0.05)
        elif isinstance(module, torch.nn.MultiheadAttention) and module.in_proj_weight is not None:
            torch.nn.init.normal_(module.in_proj_weight, std=module.embed_dim ** -0.5)
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):
            torch.nn.init.constant_(parameter, 0.1)
        elif name.endswith(("class_token", "pos_embedding")):
            torch.nn.init.normal_(parameter, std=0.1)


def calibrate_batch_norms(model, name, seed, batches=2, batch=2):
    """Sets the statistics of batch norms from seeded images, so that evaluation sees normalised activations.

    Layer by layer statistics come from training mode; stochastic depth and dropout stay off, and blocks that end in a
    batch norm are weighted so that a residual sum does not grow with depth.
    """
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
        norm.train()
    size = image_size(name)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for _ in range(batches):
            model(torch.rand((batch, 3, size, size), generator=generator))
    model.eval()


def scale_head(model, example):
    """Brings the output's standard deviation to 1 where the last layer is linear."""
    heads = [m for m in model.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))]
    with torch.no_grad():
        output = model(example)
    if not isinstance(output, torch.Tensor):
        output = output[0]
    spread = output.std().item()
    if heads and 0 < spread < float("inf"):
        with torch.no_grad():
            heads[-1].weight /= spread
            if heads[-1].bias is not None:
                heads[-1].bias /= spread


def load_weights(model, path):
    state = torch.load(path, map_location="cpu")
    if isinstance(state, torch.nn.Module):
        state = state.state_dict()
    elif "state_dict" in state:
        state = state["state_dict"]
    model.load_state_dict(state)


def save(module, path):
    """Writes beside and renames: a reader never sees half a file."""
    # Saved into memory first: a file's own name would become part of its content, and so of its hash.
    content = io.BytesIO()
    torch.jit.save(module, content)
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".export-", suffix=".pt")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.getbuffer())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def export(name, options):
    torch.manual_seed(options.seed)
    model = build(name).eval()
    example = example_input(name, options.seed)
    if options.weights:
        load_weights(model, options.weights)
    else:
        soften_weights(model)
        calibrate_batch_norms(model, name, options.seed)
        scale_head(model, example)
    model.eval()
    if options.trace or name == ENCODER:
        with torch.no_grad():
            module = torch.jit.trace(model, example)
    else:
        module = torch.jit.script(model)
    path = os.path.join(options.output, f"{name}.pt")
    save(module, path)
    return path


def first_line(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks of torchvision, or 'encoder'")
    parser.add_argument("-o", "--output", default=".", metavar="DIR", help="folder for NAME.pt (default: here)")
    parser.add_argument("--weights", metavar="FILE", help="a state_dict of yours instead of seeded weights")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    parser.add_argument("--trace", action="store_true", help="trace instead of scripting")
    parser.add_argument("--list", action="store_true", help="print every name and leave")
    options = parser.parse_args(arguments)
    if not options.list and not options.names:
        parser.error("name at least one network, or --list")
    for name in options.names:
        if name not in NAMES:
            parser.error(f"unknown network '{name}'; valid: {', '.join(NAMES)}")
    if options.weights and len(options.names) != 1:
        parser.error("--weights goes with one network")
    return options


def main(arguments):
    options = parse(arguments)
    if options.list:
        print("\n".join(NAMES))
        return 0
    os.makedirs(options.output, exist_ok=True)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    failed = False
    for name in options.names:
        try:
            print(export(name, options))
        except Exception as error:  # one line a network, whatever torch raises
            print(f"export.py: {name} cannot be exported: {first_line(error)}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    # torch.jit writes constants in the order of a set: with a random hash seed the same network has another file each time.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    sys.exit(main(sys.argv[1:]))
