"""Makes tensorrt_tables/VERSION.json: the public names of TensorRT's classes that EdgePose touches, per version.

    python tests/engine/make_tensorrt_tables.py API_FOLDER

API_FOLDER holds api_VERSION.json, each made from a real `import tensorrt` of that version: for every class its kind,
enum members and attribute names. Only names are kept here; what the fake does with them is in fake_tensorrt.py.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VERSIONS = {"8.6": "8.6.1", "10.3": "10.3.0", "10.13": "10.13.3.9", "10.16": "10.16.1.11", "11.4": "11.4"}
CLASSES = (
    *("Builder", "BuilderFlag", "CalibrationAlgoType", "ComputeCapability", "DataType", "DeviceType"),
    *("IBuilderConfig", "ICudaEngine", "IExecutionContext", "IHostMemory", "IInt8EntropyCalibrator2"),
    *("IInt8MinMaxCalibrator", "ILogger", "INetworkDefinition", "IOptimizationProfile", "IProgressMonitor"),
    *("ITimingCache", "Logger", "MemoryPoolType", "NetworkDefinitionCreationFlag", "OnnxParser", "ParserError"),
    "Runtime",
)


def main(folder: Path) -> None:
    target = Path(__file__).parent / "tensorrt_tables"
    for short, full in VERSIONS.items():
        api = json.loads((folder / f"api_{full}.json").read_text())
        classes = {name: _names(api["api"][name]) for name in CLASSES if name in api["api"]}
        text = json.dumps({"version": api["version"], "classes": classes}, indent=0, separators=(",", ":"))
        (target / f"{short}.json").write_text(text + "\n")
        print(short, len(classes), "classes")


def _names(entry: dict[str, Any]) -> dict[str, Any]:
    attributes = sorted(name for name in entry.get("attrs", {}) if not name.startswith("_"))
    return {"kind": entry["kind"], "members": entry.get("members", []), "attributes": attributes}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
