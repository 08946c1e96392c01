"""Makes empty libraries for the real Python bindings of TensorRT, so that their classes can be used without TensorRT.

    pip download --no-deps tensorrt-cu12-bindings==10.3.0       # or tensorrt-bindings==8.6.1; about 1 MB
    unzip -d bindings tensorrt_cu12_bindings-*.whl
    python tests/engine/make_stub_library.py bindings/tensorrt_bindings/tensorrt.so bindings/stubs
    LD_LIBRARY_PATH=bindings/stubs EDGEPOSE_TENSORRT_BINDINGS=bindings pytest tests/engine/test_real_calibrators.py

The libraries carry the names that the bindings ask for, and nothing works behind them: Builder and Runtime must not be
called. Needs gcc and binutils.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_OURS = re.compile(
    r"INTERNAL|PluginRegistry|NvOnnxParser|LibNvInfer|InferLib|nvuff|nvcaffe|createInfer|getLogger|Lean|Dispatch"
)


def main(bindings: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    header = subprocess.run(["readelf", "-d", bindings], capture_output=True, text=True, check=True).stdout
    libraries = [name for name in re.findall(r"NEEDED.*\[(.+)\]", header) if name.startswith("libnv")]
    table = subprocess.run(
        ["nm", "-D", "--undefined-only", bindings], capture_output=True, text=True, check=True
    ).stdout
    symbols = sorted({line.split()[-1] for line in table.splitlines() if _OURS.search(line)})
    source = target / "stub.c"
    for number, library in enumerate(libraries):
        wanted = symbols if number == 0 else []
        source.write_text("".join(f"void *{symbol}(void) {{ return 0; }}\n" for symbol in wanted))
        command = ["gcc", "-shared", "-fPIC", "-w", "-o", target / library, source, f"-Wl,-soname,{library}"]
        subprocess.run(command, check=True)
    print(f"{len(libraries)} libraries with {len(symbols)} names in {target}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
