"""Builds the native grouping core; everything else about the package is in setup.cfg."""

from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import setup

native = Pybind11Extension(
    "edgepose.decode._native",
    sources=[],
    cxx_std=17,
    extra_compile_args=["-O3", "-ffp-contract=off", "-fvisibility=hidden"],
)

setup(ext_modules=[native] if native.sources else [], cmdclass={"build_ext": build_ext})
