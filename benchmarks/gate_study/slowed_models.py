#!/usr/bin/python3
"""Exports MobileNetV2 and three versions of it with a real slowdown, for the study of the gate (docs/gate.md):

    mobilenet_v2            as it is
    mobilenet_v2_kernel     features.18.0 has a kernel of 1x2 instead of 1x1: twice its multiplications, about 5 % of the whole
    mobilenet_v2_block      features.14 is 5.6 % wider inside: three layers 5 % slower, under 1 % of the whole
    mobilenet_v2_classes    classifier.1 tells 1050 classes apart instead of 1000: one layer 5 % slower, 0.2 % of the whole

    slowed_models.py -o DIR
"""
import argparse
import importlib.util
import os
import pathlib
import sys

import torch
import torchvision

EXPORT = pathlib.Path(__file__).resolve().parents[2] / "models" / "export.py"


def load_exporter():
    spec = importlib.util.spec_from_file_location("export", EXPORT)
    exporter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exporter)
    return exporter


def plain():
    return torchvision.models.mobilenet_v2(weights=None)


def longer_kernel():
    model = plain()
    model.features[18][0] = torch.nn.Conv2d(320, 1280, (1, 2), padding=(0, 1), bias=False)
    return model


def wider_block():
    model = plain()
    block = model.features[14].conv  # 96 -> 576 -> 160
    block[0][0] = torch.nn.Conv2d(96, 608, 1, bias=False)
    block[0][1] = torch.nn.BatchNorm2d(608)
    block[1][0] = torch.nn.Conv2d(608, 608, 3, stride=2, padding=1, groups=608, bias=False)
    block[1][1] = torch.nn.BatchNorm2d(608)
    block[2] = torch.nn.Conv2d(608, 160, 1, bias=False)
    return model


def more_classes():
    return torchvision.models.mobilenet_v2(weights=None, num_classes=1050)


VERSIONS = {"mobilenet_v2": plain, "mobilenet_v2_kernel": longer_kernel, "mobilenet_v2_block": wider_block,
            "mobilenet_v2_classes": more_classes}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", default=".", metavar="DIR")
    options = parser.parse_args(arguments)
    os.makedirs(options.output, exist_ok=True)
    torch.set_num_threads(1)
    exporter = load_exporter()
    for name, build in VERSIONS.items():
        torch.manual_seed(0)
        model = build().eval()
        exporter.soften_weights(model)
        exporter.calibrate_batch_norms(model, "mobilenet_v2", 0)
        exporter.scale_head(model, exporter.example_input("mobilenet_v2", 0))
        path = os.path.join(options.output, name + ".pt")
        exporter.save(torch.jit.script(model.eval()), path)
        print(path)


if __name__ == "__main__":
    # torch.jit writes constants in the order of a set: a fixed hash seed makes the same file each time.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    main(sys.argv[1:])
