"""Real pycuda under the TensorRT backend, on a CUDA driver in host memory; skipped unless tests/engine/host_cuda.sh,
which builds both, runs it. TensorRT is the fake; its networks take their turn in real streams."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fake_tensorrt
import numpy as np
import pytest
from small_network import SPEC, pictures_like, run, small_network, write_small

from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.device_memory import PycudaMemory
from edgepose.backends.tensorrt import TensorRtBackend
from edgepose.engine.int8.calibrator import make_calibrator
from edgepose.engine.tensorrt.job import BuildRequest, build
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.errors import BackendError, ClosedError, DeviceError

WHY = "needs pycuda on the host-memory driver: tests/engine/host_cuda.sh"
DEVICE, PINNED = 0, 1


def host_driver() -> Any:
    """libcuda of host_cuda.c; None where pycuda would use another or is not there."""
    try:
        import pycuda.driver  # noqa: F401

        driver = ctypes.CDLL("libcuda.so.1")
    except (ImportError, OSError):
        return None
    return driver if hasattr(driver, "host_cuda_retained") else None


driver = host_driver()
if driver is None:
    pytest.skip(WHY, allow_module_level=True)
driver.cuMemGetInfo_v2.argtypes = [ctypes.c_void_p, ctypes.c_void_p]


class Streams:
    """In place of the fake's own: work is put into the driver's streams."""

    FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

    def __init__(self, handle: int = 0) -> None:
        self._handle = handle
        self._kept: list[Any] = []

    def __getitem__(self, handle: int) -> Streams:
        self._handle = handle
        return self

    def append(self, work: Callable[[], None]) -> None:
        function = self.FUNCTION(lambda _: work())
        self._kept.append(function)  # the driver calls it later
        assert driver.cuLaunchHostFunc(ctypes.c_void_p(self._handle), function, None) == 0


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Every test ends with all memory, streams and contexts given back."""
    yield
    driver.host_cuda_limit(ctypes.c_size_t(8 << 30))
    left = {
        "retained": driver.host_cuda_retained(),
        "contexts of this thread": driver.host_cuda_depth(),
        "device blocks": driver.host_cuda_blocks(DEVICE),
        "pinned blocks": driver.host_cuda_blocks(PINNED),
        "streams": driver.host_cuda_streams(),
    }
    assert left == dict.fromkeys(left, 0)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine for batches of two, and a machine with TensorRT 10.3."""
    trt = fake_tensorrt.make("10.3")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    monkeypatch.setattr(fake_tensorrt, "STREAMS", Streams())
    request = BuildRequest(
        model=str(write_small(tmp_path)),
        engine=str(tmp_path / "small.engine"),
        options=BuildOptions(precision="fp32", max_batch=2),
    )
    return Path(build(request).engine)


def opened(engine: Path, **options: Any) -> TensorRtBackend:
    return TensorRtBackend(engine, SPEC, BackendOptions(**options))


def check(backend: TensorRtBackend, n: int = 1, seed: int = 0) -> None:
    """Run pictures; what comes back is what the network gives."""
    batch = pictures_like(np.random.default_rng(seed), n)
    for exact, found in zip(run(small_network(), batch), backend.infer(batch), strict=True):
        np.testing.assert_allclose(found, exact, atol=1e-5)


def in_thread(work: Callable[[], Any]) -> None:
    """Run it in a thread that ends; its exception comes here, and its stack of contexts must be empty."""
    trouble: list[BaseException] = []

    def body() -> None:
        try:
            work()
            assert driver.host_cuda_depth() == 0
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]


class OtherHolder:
    """Uses the primary context as PyTorch does: retained, and made the thread's current one for good."""

    def __enter__(self) -> OtherHolder:
        self.context = ctypes.c_void_p()
        assert driver.cuInit(0) == 0
        assert driver.cuDevicePrimaryCtxRetain(ctypes.byref(self.context), 0) == 0
        assert driver.cuCtxSetCurrent(self.context) == 0
        self.block = ctypes.c_uint64()
        assert driver.cuMemAlloc_v2(ctypes.byref(self.block), ctypes.c_size_t(100)) == 0
        return self

    def check(self) -> None:
        """Its context is the current one, the only one on the stack, and its memory is there."""
        current = ctypes.c_void_p()
        assert driver.cuCtxGetCurrent(ctypes.byref(current)) == 0
        assert current.value == self.context.value
        assert driver.host_cuda_depth() == 1
        assert driver.host_cuda_blocks(DEVICE) >= 1

    def __exit__(self, *_: object) -> None:
        assert driver.cuMemFree_v2(self.block) == 0
        assert driver.cuCtxSetCurrent(None) == 0
        assert driver.cuDevicePrimaryCtxRelease_v2(0) == 0


def test_a_copy_arrives_when_the_stream_was_waited_for() -> None:
    memory = PycudaMemory()
    assert (memory.device.name, memory.device.compute_capability) == ("Host memory", "8.7")
    with memory.active():
        buffer, stream = memory.buffer(8, mapped=False), memory.stream()
        assert (driver.host_cuda_blocks(DEVICE), driver.host_cuda_blocks(PINNED)) == (1, 1)
        buffer.host[:] = range(8)
        memory.to_device(buffer, 8, stream)
        memory.wait(stream)
        buffer.host[:] = 0
        memory.to_host(buffer, 4, stream)
        assert buffer.host.tolist() == [0] * 8
        memory.wait(stream)
        assert buffer.host.tolist() == [0, 1, 2, 3, 0, 0, 0, 0]
        memory.free(buffer)
        del buffer, stream
    memory.close()


def test_a_mapped_block_is_one_block_with_two_addresses() -> None:
    memory = PycudaMemory()
    with memory.active():
        buffer, stream = memory.buffer(8, mapped=True), memory.stream()
        assert (driver.host_cuda_blocks(DEVICE), driver.host_cuda_blocks(PINNED)) == (0, 1)
        assert buffer.address == buffer.host.ctypes.data  # as on a board; a driver may choose another
        memory.to_device(buffer, 8, stream)
        memory.to_host(buffer, 8, stream)
        memory.free(buffer)
        del buffer, stream
    memory.close()


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_any_batch_gives_what_the_network_gives(engine: Path, n: int, mapped: bool) -> None:
    backend = opened(engine, mapped_memory=mapped)
    check(backend, n, seed=1)
    check(backend, n, seed=2)  # in buffers that were used
    assert driver.host_cuda_streams() == (2 if n > 2 else 1)
    assert (driver.host_cuda_blocks(DEVICE) == 0) == mapped
    backend.close()


def test_one_thread_opens_another_infers_a_third_closes(engine: Path) -> None:
    held: list[TensorRtBackend] = []
    in_thread(lambda: held.append(opened(engine)))
    in_thread(lambda: check(held[0], 3))
    in_thread(held[0].close)
    assert driver.host_cuda_retained() == 0


def test_the_opening_thread_keeps_no_context_after_closing(engine: Path) -> None:
    backend = opened(engine)
    assert driver.host_cuda_depth() == 0
    backend.close()
    assert driver.host_cuda_depth() == 0


@pytest.mark.parametrize("first", ["other", "backend"])
def test_it_lives_beside_another_holder_of_the_primary_context(engine: Path, first: str) -> None:
    early = opened(engine) if first == "backend" else None
    with OtherHolder() as other:
        backend = early or opened(engine)
        other.check()
        check(backend, 3)
        other.check()
        backend.close()
        other.check()
        assert driver.host_cuda_retained() == 1
        assert (driver.host_cuda_blocks(DEVICE), driver.host_cuda_blocks(PINNED)) == (1, 0)


def test_it_lives_beside_other_code_with_pycuda(engine: Path) -> None:
    import pycuda.driver as cuda

    cuda.init()
    theirs = cuda.Device(0).retain_primary_context()
    theirs.push()
    backend = opened(engine)
    check(backend)
    backend.close()
    block = cuda.mem_alloc(10)  # needs a current context
    block.free()
    cuda.Context.pop()
    in_thread(lambda: (theirs.push(), theirs.detach(), driver.cuCtxPopCurrent_v2(None)))


def test_two_networks_share_the_device_and_one_may_close(engine: Path) -> None:
    first, second = opened(engine), opened(engine)
    check(first)
    first.close()
    check(second)
    second.close()


def test_closing_twice_is_fine_and_use_afterwards_is_refused(engine: Path) -> None:
    backend = opened(engine)
    backend.close()
    backend.close()
    with pytest.raises(ClosedError):
        check(backend)
    memory = PycudaMemory()
    memory.close()
    memory.close()
    with pytest.raises(ClosedError), memory.active():
        pass


def test_closing_waits_for_a_running_infer(engine: Path, monkeypatch: Any) -> None:
    backend = opened(engine)
    started, may_go_on = threading.Event(), threading.Event()
    wait = PycudaMemory.wait

    def slow(self: PycudaMemory, stream: Any) -> None:
        started.set()
        may_go_on.wait(10)
        wait(self, stream)

    monkeypatch.setattr(PycudaMemory, "wait", slow)
    inferring = threading.Thread(target=check, args=(backend,))
    inferring.start()
    started.wait(10)
    closing = threading.Thread(target=backend.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    may_go_on.set()
    inferring.join()
    closing.join()


@pytest.mark.parametrize("beside", [False, True])
def test_without_memory_one_sentence_says_so_and_all_is_given_back(engine: Path, beside: bool) -> None:
    def attempt() -> None:
        driver.host_cuda_limit(ctypes.c_size_t(20_000))  # the input fits, the outputs do not
        with pytest.raises(DeviceError, match=r"the GPU gives no \d+ bytes \(.*out of memory\)") as caught:
            opened(engine)
        assert "\n" not in str(caught.value)
        assert driver.host_cuda_blocks(PINNED) == 0

    if not beside:
        attempt()
        return
    with OtherHolder() as other:
        attempt()
        other.check()
        assert (driver.host_cuda_retained(), driver.host_cuda_blocks(DEVICE)) == (1, 1)


def test_without_a_gpu_the_network_runs_on_the_cpu_and_says_so(
    engine: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    driver.host_cuda_devices(0)
    try:
        backend = open_backend(engine)
    finally:
        driver.host_cuda_devices(1)
    assert backend.info.name in ("openvino", "onnxruntime")
    assert "no working NVIDIA GPU (cuInit failed: no CUDA-capable device is detected)" in caplog.text
    backend.close()


def test_a_run_that_fails_leaves_the_backend_usable(engine: Path, monkeypatch: Any) -> None:
    backend = opened(engine)
    with monkeypatch.context() as broken:
        broken.setattr(type(backend._lanes[0]._context), "execute_async_v3", lambda *_: False)
        with pytest.raises(BackendError, match="could not run the engine"):
            check(backend)
    check(backend, 3)
    backend.close()


def test_a_failing_copy_is_a_device_error(engine: Path) -> None:
    memory = PycudaMemory()
    with memory.active():
        buffer, stream = memory.buffer(8, mapped=False), memory.stream()
        memory.free(buffer)
        with pytest.raises(DeviceError, match="the GPU failed"):
            memory.to_device(buffer, 8, stream)
        del buffer, stream
    memory.close()


PROGRAM = """
import gc, os, sys, threading, types
from pathlib import Path
from types import SimpleNamespace as Some
import numpy as np

class Session:  # in place of ONNX Runtime, which keeps a forked child from ending
    def __init__(self, *_, **__): pass
    def get_inputs(self): return [Some(name="input")]
    def get_outputs(self): return [Some(name="heatmaps"), Some(name="pafs")]
    def run(self, _, feeds):
        (x,) = feeds.values()
        return [np.full((len(x), n, 4, 6), x.mean(), np.float32) for n in (19, 38)]

sys.modules["onnxruntime"] = Some(
    InferenceSession=Session, SessionOptions=Some, GraphOptimizationLevel=Some(ORT_ENABLE_BASIC=1),
    set_default_logger_severity=id,
)
sys.path.insert(0, {tests!r})
import fake_tensorrt, test_host_cuda as t
sys.modules["tensorrt"] = fake_tensorrt.make("10.3")
fake_tensorrt.STREAMS = t.Streams()
from edgepose.errors import EdgePoseError

def check():
    heatmaps, pafs = backend.infer(np.full((3, 3, 32, 48), 5, np.float32))
    assert (heatmaps == 5).all() and (pafs == 5).all()

def open_and_check():
    global backend
    backend = t.opened(Path({engine!r}))
    check()
"""
FORKED = """
open_and_check()
child = os.fork()
if child == 0:
    for use in check, open_and_check:
        try:
            use()
        except EdgePoseError as error:
            print(error)
    {child}
    sys.exit(7)
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status))
check()
backend.close()
print("left", t.driver.host_cuda_retained(), t.driver.host_cuda_blocks(0), t.driver.host_cuda_blocks(1))
"""


def program(text: str, engine: Path, **words: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, whose end is looked at too."""
    text = (PROGRAM + text).format(tests=str(Path(__file__).parent), engine=str(engine), **words)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)


def test_a_calibrator_fills_device_memory_and_gives_it_back() -> None:
    memory = PycudaMemory()
    batches = pictures_like(np.random.default_rng(3), 3)
    calibrator = make_calibrator(fake_tensorrt.make("10.3"), "", iter(batches[:, None]), 1, memory)
    for batch in batches:
        (address,) = calibrator.get_batch(["input"])
        np.testing.assert_array_equal(fake_tensorrt.at(address, batch.shape), batch)
    assert calibrator.get_batch(["input"]) is None
    assert driver.host_cuda_blocks(DEVICE) == 0
    memory.close()


@pytest.mark.parametrize("child", ["backend.close()", "del backend; gc.collect()", "pass"])
def test_a_forked_child_is_told_and_ends_well_and_the_parent_goes_on(engine: Path, child: str) -> None:
    done = program(FORKED, engine, child=child)
    assert done.stderr == ""
    told, opening, end, left = done.stdout.splitlines()
    assert told.startswith("this engine was loaded before a fork")
    assert opening.startswith("no working NVIDIA GPU (cuInit failed: initialization error)")
    assert (end, left) == ("child 7", "left 0 0 0")
    assert done.returncode == 0


@pytest.mark.parametrize("end", ["", "del backend"])
@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_program_may_end_without_closing(engine: Path, thread: str, end: str) -> None:
    start = "x = threading.Thread(target=open_and_check); x.start(); x.join()"
    done = program(f"{'open_and_check()' if thread == 'main' else start}\n{end}", engine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
