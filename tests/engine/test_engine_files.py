"""Engine files: built once, sealed, and refused before TensorRT sees them when anything is odd."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import fake_tensorrt
import msgspec
import onnx
import pytest
from fake_memory import FakeMemory
from small_network import SPEC, small_network, write_small

from edgepose.backends import device_key
from edgepose.backends.board import jetpack_release
from edgepose.backends.device_key import device_secret
from edgepose.backends.engine_file import EngineKey, EngineSidecar, read_genuine, seal, sealed, sidecar_of
from edgepose.engine.tensorrt import files
from edgepose.engine.tensorrt.files import write_engine
from edgepose.engine.tensorrt.job import BuildRequest, Built, build
from edgepose.engine.tensorrt.options import BuildOptions
from edgepose.engine.tensorrt.store import examine, leftovers, remove
from edgepose.errors import BackendError, FileError, ModelError
from edgepose.files import write_atomically
from edgepose.model import load_spec, save_spec

KEY = EngineKey(
    model_sha256="a" * 64,
    tensorrt="10.3.0",
    gpu="Fake Orin",
    compute_capability="8.7",
    jetpack="",
    precision="int8",
    input_hw=(32, 48),
    max_batch=2,
)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setattr(device_key, "DEVICE_KEY", tmp_path / "none" / "engine.key")
    return tmp_path / "state"


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "pose.engine"
    write_engine(path, b"engine bytes", sealed(KEY, SPEC, "pose.onnx", b"engine bytes", 1.5))
    return path


def test_an_engine_built_here_is_genuine(engine: Path) -> None:
    data, sidecar = read_genuine(engine)
    assert (data, sidecar.key, sidecar.contract, sidecar.model) == (b"engine bytes", KEY, SPEC, "pose.onnx")
    assert engine.stat().st_mode & 0o777 == 0o600


def test_the_device_secret_is_made_once_and_private(own_state: Path) -> None:
    assert device_secret() == device_secret()
    assert (own_state / "engine.key").stat().st_mode & 0o777 == 0o600


def test_changed_contents_are_refused(engine: Path) -> None:
    engine.write_bytes(b"other bytes")
    with pytest.raises(ModelError, match="is not the file that was built"):
        read_genuine(engine)


def test_a_changed_key_is_refused(engine: Path) -> None:
    sidecar = msgspec.json.decode(sidecar_of(engine).read_bytes(), type=EngineSidecar)
    forged = msgspec.structs.replace(sidecar, key=msgspec.structs.replace(KEY, gpu="Other"))
    sidecar_of(engine).write_bytes(msgspec.json.encode(forged))
    with pytest.raises(ModelError, match="not built on this device"):
        read_genuine(engine)


def test_an_engine_of_another_device_is_refused(engine: Path, own_state: Path) -> None:
    (own_state / "engine.key").write_bytes(b"k" * 32)
    with pytest.raises(ModelError, match="not built on this device"):
        read_genuine(engine)


def test_an_engine_that_others_may_write_to_is_refused(engine: Path) -> None:
    engine.chmod(0o666)
    with pytest.raises(ModelError, match=r"can be changed by others \(mode 0666\)"):
        read_genuine(engine)


def test_a_sidecar_that_others_may_write_to_is_refused(engine: Path) -> None:
    sidecar_of(engine).chmod(0o620)
    with pytest.raises(ModelError, match=r"json' can be changed by others \(mode 0620\)"):
        read_genuine(engine)


@pytest.mark.parametrize(("mode", "words"), [(0o602, "changed"), (0o620, "changed"), (0o640, "read"), (0o604, "read")])
def test_a_key_that_others_may_write_or_read_is_refused(engine: Path, own_state: Path, mode: int, words: str) -> None:
    (own_state / "engine.key").chmod(mode)
    with pytest.raises(ModelError, match=rf"engine\.key' can be {words} by others \(mode {mode:04o}\); remove it"):
        read_genuine(engine)


@pytest.mark.parametrize("place", ["engine", "sidecar", "key"])
def test_a_pipe_in_the_place_of_a_file_is_refused_without_waiting(engine: Path, own_state: Path, place: str) -> None:
    path = {"engine": engine, "sidecar": sidecar_of(engine), "key": own_state / "engine.key"}[place]
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(ModelError, match="is not a plain file"):
        read_genuine(engine)


def test_what_a_build_writes_beside_an_engine_follows_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    write_small(tmp_path)
    for name in (".small.engine.lock", "small.engine.timing"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises(BackendError, match="cannot write to"):
        build_fake(request_of(tmp_path))
    (tmp_path / ".small.engine.lock").unlink()
    build_fake(request_of(tmp_path))
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "small.engine.timing").is_symlink()


def test_a_timing_cache_that_others_could_have_written_is_not_given_to_tensorrt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bytes] = []
    trt = fake_tensorrt.make("10.3")
    real = trt.IBuilderConfig.create_timing_cache

    def note(config: Any, data: bytes) -> Any:
        given.append(data)
        return real(config, data)

    monkeypatch.setattr(trt.IBuilderConfig, "create_timing_cache", note)
    write_small(tmp_path)
    for mode in (0o600, 0o666):
        (tmp_path / "small.engine.timing").write_bytes(b"timing")
        (tmp_path / "small.engine.timing").chmod(mode)
        build(msgspec.structs.replace(request_of(tmp_path), force=True), memory=FakeMemory, trt=trt)
    assert given == [b"timing", b""]


def test_an_engine_of_another_owner_is_refused(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def of_somebody(handle: int) -> os.stat_result:
        facts = list(real(handle))
        facts[4] = 4711
        return os.stat_result(facts)

    monkeypatch.setattr(os, "fstat", of_somebody)
    with pytest.raises(ModelError, match="belongs to user 4711"):
        read_genuine(engine)


def test_a_link_is_refused(engine: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.engine"
    link.symlink_to(engine)
    with pytest.raises(ModelError, match="cannot read"):
        read_genuine(link)


def test_an_engine_without_sidecar_or_with_a_damaged_one_is_refused(engine: Path) -> None:
    sidecar_of(engine).write_text("{")
    with pytest.raises(ModelError, match="is damaged"):
        read_genuine(engine)
    sidecar_of(engine).unlink()
    with pytest.raises(ModelError, match="nobody can tell who built it"):
        read_genuine(engine)


def test_the_seal_depends_on_every_part_of_the_key() -> None:
    one = sealed(KEY, SPEC, "pose.onnx", b"x")
    changed = {
        "key": msgspec.structs.replace(KEY, max_batch=3),
        "contract": msgspec.structs.replace(SPEC, colour="RGB"),
    }
    changed |= {"model": "other.onnx", "engine_sha256": "y"}
    seals = [one.seal, *(seal(msgspec.structs.replace(one, **{name: value})) for name, value in changed.items())]
    assert len(set(seals)) == 5


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"cannot write .*no space left on device"):
        write_atomically(tmp_path / "pose.engine", b"data")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_disk_that_fills_up_between_engine_and_sidecar_leaves_the_old_pair(
    engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in engine.parent.iterdir() if path.is_file()}
    sync, n_written = os.fsync, iter(range(9))

    def full_at_second(handle: int) -> None:
        if next(n_written) == 1:
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full_at_second)
    with pytest.raises(FileError, match=r"cannot write .*no space left on device"):
        write_engine(engine, b"newer", sealed(KEY, SPEC, "pose.onnx", b"newer"))
    assert {path.name: path.read_bytes() for path in engine.parent.iterdir() if path.is_file()} == before
    read_genuine(engine)


def test_places_that_cannot_be_written_to_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BackendError, match="cannot write to"), files.locked(tmp_path / "file" / "pose.engine"):
        pass
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "file" / "state"))
    with pytest.raises(ModelError, match=r"cannot keep this device's key .*STATE_DIRECTORY"):
        device_secret()


@pytest.mark.parametrize(
    ("text", "release"),
    [("# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic", "R36.4.3"), ("", ""), ("odd", "odd")],
)
def test_the_jetpack_release_is_read_from_its_file(tmp_path: Path, text: str, release: str) -> None:
    path = tmp_path / "nv_tegra_release"
    path.write_text(text)
    assert jetpack_release(path) == release


def request_of(folder: Path, **words: Any) -> BuildRequest:
    options = BuildOptions(precision="fp16", **words)
    return BuildRequest(model=str(folder / "small.onnx"), engine=str(folder / "small.engine"), options=options)


def build_fake(request: BuildRequest, version: str = "10.3", **device: Any) -> Built:
    return build(request, memory=lambda: FakeMemory(**device), trt=fake_tensorrt.make(version))


def test_an_engine_that_fits_is_kept_and_one_that_does_not_is_built_again(tmp_path: Path) -> None:
    write_small(tmp_path)
    first = build_fake(request_of(tmp_path))
    assert (first.reused, first.changed) == (False, "no engine yet")
    assert build_fake(request_of(tmp_path)).reused
    assert build_fake(request_of(tmp_path), "10.13").changed == "tensorrt 10.3.0 -> 10.13.3.9"
    assert build_fake(request_of(tmp_path), "10.13", name="Thor").changed == "gpu Fake Orin -> Thor"
    assert build_fake(request_of(tmp_path, max_batch=8), "10.13", name="Thor").changed == "max batch 4 -> 8"
    write_small(tmp_path, seed=1)
    assert build_fake(request_of(tmp_path, max_batch=8), "10.13", name="Thor").changed == "model sha256 changed"


def test_weights_beside_the_graph_are_part_of_what_an_engine_depends_on(tmp_path: Path) -> None:
    def save(seed: int) -> None:
        onnx.save_model(
            small_network(seed=seed),
            write_small(tmp_path),
            save_as_external_data=True,
            location="small.onnx.data",
            size_threshold=0,
        )

    save(0)
    graph = (tmp_path / "small.onnx").read_bytes()
    assert build_fake(request_of(tmp_path)).changed == "no engine yet"
    assert build_fake(request_of(tmp_path)).reused
    assert examine(tmp_path / "small.engine", None, None).state == "fits"
    (tmp_path / "small.onnx.data").unlink()
    save(1)
    assert (tmp_path / "small.onnx").read_bytes() == graph
    assert examine(tmp_path / "small.engine", None, None).reason == "small.onnx changed"
    assert build_fake(request_of(tmp_path)).changed == "model sha256 changed"
    (tmp_path / "small.onnx.data").unlink()
    with pytest.raises(ModelError, match=r"small\.onnx\.data, which is not beside it"):
        build_fake(request_of(tmp_path))
    assert "not beside it" in examine(tmp_path / "small.engine", None, None).reason


def test_a_newer_opset_is_brought_down_or_left_to_the_tensorrt_at_hand(tmp_path: Path) -> None:
    path = write_small(tmp_path, opset=20)
    build_fake(request_of(tmp_path))
    assert _opset_of_engine(tmp_path) == 17
    model = small_network(opset=20)
    model.graph.node.append(onnx.helper.make_node("Gelu", ["heatmaps"], ["unread"]))
    onnx.save(model, path)
    build_fake(request_of(tmp_path))
    assert _opset_of_engine(tmp_path) == 20


def _opset_of_engine(folder: Path) -> int:
    model = onnx.load_from_string((folder / "small.engine").read_bytes().partition(b"\n")[2])
    return int(model.opset_import[0].version)


def test_a_graph_of_one_size_is_not_built_for_another(tmp_path: Path) -> None:
    path = write_small(tmp_path)
    save_spec(msgspec.structs.replace(load_spec(path), dynamic_size=False), path)
    with pytest.raises(ModelError, match="takes pictures of 32x48 only; leave --size out"):
        build_fake(msgspec.structs.replace(request_of(tmp_path), input_hw=(64, 96)))


def test_a_tampered_engine_is_built_again_with_the_reason(tmp_path: Path) -> None:
    write_small(tmp_path)
    build_fake(request_of(tmp_path))
    (tmp_path / "small.engine").write_bytes(b"foreign")
    assert "not the file that was built" in build_fake(request_of(tmp_path)).changed


def test_a_failed_build_leaves_the_old_engine_and_no_halves(tmp_path: Path) -> None:
    write_small(tmp_path)
    build_fake(request_of(tmp_path))
    before = (tmp_path / "small.engine").read_bytes()
    with pytest.raises(BackendError, match="ran out of memory"):
        build_fake(request_of(tmp_path, workspace_mb=16, max_batch=9))
    assert (tmp_path / "small.engine").read_bytes() == before
    assert leftovers(tmp_path) == []


def _build_in_process(folder: str, results: Any) -> None:
    results.put(build_fake(request_of(Path(folder))).reused)


def test_two_processes_at_once_build_one_engine(tmp_path: Path) -> None:
    write_small(tmp_path)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    with files.locked(tmp_path / "small.engine"):
        workers = [context.Process(target=_build_in_process, args=(str(tmp_path), results)) for _ in range(2)]
        for worker in workers:
            worker.start()
    reused = sorted(results.get(timeout=100) for _ in workers)
    for worker in workers:
        worker.join(10)
    assert reused == [False, True]
    read_genuine(tmp_path / "small.engine")


def test_a_build_that_failed_leaves_no_lock_and_the_next_in_line_still_excludes_others(tmp_path: Path) -> None:
    engine = tmp_path / "small.engine"
    with pytest.raises(BackendError), files.locked(engine):
        raise BackendError("refused")
    assert list(tmp_path.iterdir()) == []
    held: list[bool] = []

    def next_in_line() -> None:
        with files.locked(engine) as waited:
            held.append(waited)
            engine.write_bytes(b"built")

    with files.locked(engine):
        thread = threading.Thread(target=next_in_line)
        thread.start()
        thread.join(0.2)
        assert not held
    thread.join(10)
    assert held == [True]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".small.engine.lock", "small.engine"]


def test_the_store_tells_what_fits_and_removes_with_all_that_belongs_to_it(engine: Path) -> None:
    assert examine(engine, "10.3.0", ("Fake Orin", "8.7")).state == "fits"
    stale = examine(engine, "10.13.3.9", None)
    assert (stale.state, stale.reason) == ("stale", "tensorrt 10.3.0 -> 10.13.3.9")
    engine.chmod(0o622)
    assert examine(engine, None, None).state == "refused"
    remove(engine)
    assert [path.name for path in engine.parent.iterdir() if path.name != "state"] == []
