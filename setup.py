"""Builds the native grouping core; everything else about the package is in setup.cfg."""

from pathlib import Path

from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup

sources = sorted(str(path) for path in Path("edgepose/decode/native").glob("*.cpp"))
headers = sorted(str(path) for path in Path("edgepose/decode/native").glob("*.hpp"))

# The same arithmetic on every machine: no fused multiply-add, no reordering, no instructions of this machine only.
flags = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"]

native = Pybind11Extension(
    "edgepose.decode._native", sources=sources, depends=headers, cxx_std=17, extra_compile_args=flags
)


class BuildCore(build_ext):
    """Leaves the core beside its sources, too: Python run in this folder imports these, whatever was installed."""

    def run(self) -> None:
        super().run()
        if not self.inplace:
            self.copy_extensions_to_source()


setup(ext_modules=[native], cmdclass={"build_ext": BuildCore})
