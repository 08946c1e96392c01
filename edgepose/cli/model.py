"""`edgepose model check`: what a model file is taken for, what was assumed, what it finds in a picture."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edgepose.cli.numbers import HEIGHT
from edgepose.cli.output import add_json_flag, print_report

if TYPE_CHECKING:
    from edgepose.model import Contract, ModelSpec

HELP = "the contract of a model file: what it is taken for, what was assumed, what it finds in a picture"
EXAMPLE = """examples:
  edgepose model check pose.onnx
  edgepose model check pose.onnx --image people.jpg       draws people.pose.jpg, scaled by two kernels
  edgepose model check pose.onnx --preset openpose_pafs_first --write"""

TENSORRT_OPSET, TENSORRT_IR = 17, 8
"""The newest ONNX that TensorRT 8.6, the oldest one EdgePose builds with, reads."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check"], help="check: print the contract of a model file")
    parser.add_argument("file", metavar="FILE", help="ONNX model (an engine needs its sidecar beside it)")
    parser.add_argument("--image", metavar="PICTURE", help="run the model on it and draw what it finds")
    parser.add_argument(
        "--output", metavar="FILE", help="where to draw (default: PICTURE with .pose before its ending)"
    )
    parser.add_argument("--height", metavar="PX", type=HEIGHT, help="height of the network's input (default: its own)")
    parser.add_argument("--preset", metavar="NAME", help="take the file for this network, whatever it looks like")
    parser.add_argument("--write", action="store_true", help="write the contract to the sidecar JSON beside the file")
    add_json_flag(parser)


def run(args: argparse.Namespace) -> int:
    import msgspec

    from edgepose.model import model_path, read_contract, save_spec

    args.file = str(model_path(args.file))
    contract = read_contract(args.file, args.preset)
    report: dict[str, Any] = {"file": args.file, **_graph(contract)}
    report |= {"contract_from": contract.origin, "assumed": list(contract.assumed)}
    spec = msgspec.to_builtins(contract.spec)
    report["contract"] = spec if args.json else _words(contract.spec)
    if args.image:
        from edgepose.cli.model_look import look

        report["picture"] = look(args, contract.spec)
        if not args.json:
            counts = report["picture"]["kernels"].items()
            report["picture"]["kernels"] = "; ".join(
                f"{kernel} {count['people']} people, {count['keypoints']} keypoints" for kernel, count in counts
            )
    if args.write:
        report["sidecar"] = str(save_spec(contract.spec, args.file))
    print_report(report, as_json=args.json) if args.json else _print(report)
    return 0


def _graph(contract: Contract) -> dict[str, Any]:
    if contract.graph is None:
        return {}
    graph = contract.graph
    notes = []
    if graph.opset > TENSORRT_OPSET or graph.ir_version > TENSORRT_IR:
        notes.append(
            f"TensorRT 8.6 reads opset {TENSORRT_OPSET} and IR {TENSORRT_IR} at most: calibrate and build bring "
            "it down where they can"
        )
    return {
        "inputs": [str(port) for port in graph.inputs],
        "outputs": [str(port) for port in graph.outputs],
        "opset": graph.opset,
        "ir_version": graph.ir_version,
        "notes": notes,
    }


def _words(spec: ModelSpec) -> dict[str, str]:
    """The contract as a reader wants it, one line per subject."""
    size = f"{spec.input_hw[0]} x {spec.input_hw[1]} (H x W)"
    outputs = {
        key: f"{output.name}, {output.layout}, stride {output.stride:g}"
        + ("" if output.channels is None else f", channels {output.channels[0]} to {output.channels[1] - 1}")
        for key, output in (("heatmaps", spec.heatmaps), ("pafs", spec.pafs))
    }
    return {
        "input": f"{spec.input_name}, {spec.input_layout}, {spec.colour}, "
        f"value = (x - {_numbers(spec.mean)}) * {_numbers(spec.scale)}",
        "size": f"{size}, " + (f"any multiple of {spec.multiple}" if spec.dynamic_size else "fixed"),
        "batch": "any" if spec.dynamic_batch else f"{spec.batch}, fixed",
        "scaling": spec.resize,
        "padding": f"grey {spec.pad_value}",
        **outputs,
        "skeleton": f"{spec.skeleton}, {spec.keypoint_skeleton.n_keypoints} keypoints",
    }


def _numbers(values: tuple[float, ...]) -> str:
    words = [f"{value:.5g}" for value in values]
    return words[0] if len(set(words)) == 1 else f"[{', '.join(words)}]"


def _print(report: dict[str, Any]) -> None:
    """Aligned lines; a list or mapping takes one line per entry."""
    for key, value in report.items():
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        lines = [f"{name}: {entry}" if isinstance(name, str) else str(entry) for name, entry in entries if entry != []]
        if value == []:
            continue
        for number, line in enumerate(lines or [str(value)]):
            print(f"{key if number == 0 else '':<14} {line}")
