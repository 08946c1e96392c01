"""The board's own files, read from a small tree that lies like an Orin Nano's."""

from __future__ import annotations

import builtins
import sys
import types
from pathlib import Path

import pytest

from edgepose.device.telemetry import JtopTelemetry, SysfsTelemetry, open_telemetry


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


INA = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1"
ORIN = {
    "sys/devices/platform/17000000.gpu/load": "420",
    "sys/class/thermal/thermal_zone0/type": "CPU-therm",
    "sys/class/thermal/thermal_zone0/temp": "48500",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal",
    "sys/class/thermal/thermal_zone1/temp": "51250",
    f"{INA}/in1_label": "VDD_IN",
    f"{INA}/in1_input": "5000",
    f"{INA}/curr1_input": "1420",
    f"{INA}/in2_label": "VDD_CPU_GPU_CV",
    f"{INA}/in2_input": "5000",
    f"{INA}/curr2_input": "600",
    "proc/meminfo": "MemTotal:        8000000 kB\nMemFree: 100 kB\nMemAvailable:    6000000 kB",
    "sys/class/thermal/cooling_device3/type": "gpu-throttle-alert",
    "sys/class/thermal/cooling_device3/cur_state": "0",
    "sys/class/hwmon/hwmon2/oc1_event_cnt": "7",
}


def test_an_orin_nano_tells_load_heat_power_memory(tmp_path: Path) -> None:
    readings = SysfsTelemetry(write(tmp_path, ORIN)).read()
    assert readings.gpu_load == pytest.approx(0.42)
    assert readings.temperatures_c == {"cpu": 48.5, "gpu": 51.25}
    assert readings.power_w == pytest.approx(7.1)  # 5 V x 1.42 A: VDD_IN already holds the other rail
    assert readings.ram_used_mb == pytest.approx(2_000_000 / 1024)
    assert readings.throttled is False


def test_rails_are_added_up_where_none_is_the_whole_board(tmp_path: Path) -> None:
    files = {name: text for name, text in ORIN.items() if "in1_" not in name and "curr1_" not in name}
    files |= {f"{INA}/in3_label": "VIN_SYS_5V0", f"{INA}/in3_input": "5000", f"{INA}/curr3_input": "400"}
    assert SysfsTelemetry(write(tmp_path, files)).read().power_w == pytest.approx(3.0 + 2.0)


def test_an_overcurrent_event_counts_as_throttling_once(tmp_path: Path) -> None:
    telemetry = SysfsTelemetry(write(tmp_path, ORIN))
    write(tmp_path, {"sys/class/hwmon/hwmon2/oc1_event_cnt": "8"})
    assert telemetry.read().throttled is True
    assert telemetry.read().throttled is False


def test_a_hot_gpu_counts_as_throttling_as_long_as_it_lasts(tmp_path: Path) -> None:
    telemetry = SysfsTelemetry(write(tmp_path, ORIN | {"sys/class/thermal/cooling_device3/cur_state": "1"}))
    assert [telemetry.read().throttled, telemetry.read().throttled] == [True, True]


def test_a_machine_that_tells_nothing_gives_none_and_no_error(tmp_path: Path) -> None:
    readings = SysfsTelemetry(tmp_path).read()
    assert (readings.gpu_load, readings.power_w, readings.throttled, readings.temperatures_c) == (None, None, None, {})


def test_a_sensor_that_is_switched_off_is_left_out(tmp_path: Path) -> None:
    root = write(tmp_path, ORIN)
    (root / "sys/class/thermal/thermal_zone0/temp").unlink()
    assert set(SysfsTelemetry(root).read().temperatures_c) == {"gpu"}


class FakeClient:
    """jetson-stats' client with one answer. started, closed: what was called."""

    gpu = {"gpu": {"status": {"load": 42.0}}}
    memory = {"RAM": {"tot": 8_000_000, "used": 2_000_000}}
    power = {"tot": {"power": 7100}}
    temperature = {"GPU": {"online": True, "temp": 51.5}, "tj": {"online": False, "temp": -256}}

    def start(self) -> None:
        self.started = True

    def ok(self, spin: bool = False) -> bool:
        return True

    def close(self) -> None:
        raise RuntimeError("service gone")


@pytest.fixture
def jtop(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("jtop")
    module.jtop = FakeClient  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jtop", module)
    return module


def test_jetson_stats_is_preferred_and_its_units_converted(jtop: types.ModuleType, tmp_path: Path) -> None:
    telemetry = open_telemetry(tmp_path)
    assert isinstance(telemetry, JtopTelemetry)
    readings = telemetry.read()
    assert (readings.gpu_load, readings.power_w, readings.temperatures_c) == (0.42, 7.1, {"gpu": 51.5})
    telemetry.close()
    telemetry.close()


def test_a_silent_service_falls_back_to_the_files(jtop: types.ModuleType, tmp_path: Path) -> None:
    class Refusing(FakeClient):
        def start(self) -> None:
            raise Exception("jtop.service is not active")

    jtop.jtop = Refusing  # type: ignore[attr-defined]
    assert isinstance(open_telemetry(tmp_path), SysfsTelemetry)


def test_without_jetson_stats_the_files_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without_jtop(name: str, *rest: object, **words: object) -> object:
        if name == "jtop":
            raise ImportError(name)
        return real(name, *rest, **words)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "jtop", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_jtop)
    assert isinstance(open_telemetry(tmp_path), SysfsTelemetry)


def broken_ok(client: FakeClient, spin: bool = False) -> bool:
    raise Exception("connection with the service lost")


BROKEN_CLIENTS = {
    "lost service": {"ok": broken_ok},
    "no power": {"power": property(lambda client: client.nothing)},
    "load in words": {"gpu": {"gpu": {"status": {"load": "42 %"}}}},
    "gpu is no mapping": {"gpu": 42},
    "gpu is empty words": {"gpu": {"gpu": "off"}},
    "temperature without one": {"temperature": {"cpu": {"online": True}}},
    "temperature in words": {"temperature": {"cpu": {"online": True, "temp": "hot"}}},
    "memory without units": {"memory": {"RAM": 8}},
    "power is none": {"power": None},
}


@pytest.mark.parametrize("case", BROKEN_CLIENTS)
def test_jetson_stats_that_breaks_off_is_replaced_by_the_files(
    jtop: types.ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    telemetry = open_telemetry(write(tmp_path, ORIN))
    assert telemetry.read().gpu_load == 0.42
    for name, value in BROKEN_CLIENTS[case].items():
        telemetry._client.__class__ = type("Broken", (type(telemetry._client),), {name: value})  # type: ignore[attr-defined]
    assert [telemetry.read().power_w, telemetry.read().power_w] == [pytest.approx(7.1)] * 2
    assert caplog.text.count("jetson-stats broke off") == 1
    telemetry.close()
    telemetry.close()


@pytest.mark.parametrize("text", ["", "MemTotal: many kB", "MemTotal: 8 kB\nMemAvailable: -", "\x00\x01 \x02"])
def test_memory_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    assert SysfsTelemetry(write(tmp_path, {"proc/meminfo": text})).read().ram_used_mb is None
