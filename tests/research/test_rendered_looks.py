"""Clothes, textures, furniture, the camera's noise; and one picture from end to end where OpenGL is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepose.errors import DataError
from research.rendered import furniture, sensor, textures
from research.rendered.__main__ import main
from research.rendered.garments import read_garment, read_wardrobe
from research.rendered.mesh import box
from research.rendered.solids import Box, depths

MHCLO = """# a shirt
name shirt
obj_file shirt.obj
x_scale 0 1 1.0
z_scale 0 2 1.0
y_scale 0 3 2.0
verts 0
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
3
1 2 3 0.2 0.3 0.5 0 0 0

delete_verts
1 5 - 7
"""
OBJ = "vt 0 0\nvt 1 0\nvt 1 1\nf 1/1 2/2 3/3\n"
BODY = np.array([[0, 0, 0], [0.1, 0, 0], [0, -0.1, 0], [0, 0, 0.2]])


def shirt(folder: Path, mhclo: str = MHCLO, obj: str = OBJ) -> Path:
    (folder / "shirt.obj").write_text(obj)
    (folder / "shirt.mhclo").write_text(mhclo)
    return folder / "shirt.mhclo"


def test_clothes_hang_on_the_body_and_move_with_it(tmp_path):
    garment = read_garment(shirt(tmp_path))
    points, weights = garment.fit(BODY, np.eye(4))
    # MakeHuman's (x, y, z) is our (x, z, -y), in decimetres; all three scales are 1 on this body
    assert points[0] == pytest.approx([0.025 + 0.01, -0.025 - 0.03, 0.02])
    assert points[1] == pytest.approx(BODY[3])
    assert weights[0] == pytest.approx([0.5, 0.25, 0.25, 0])
    assert garment.hides.tolist() == [1, 5, 6, 7]


def test_offsets_grow_with_the_body(tmp_path):
    points, _ = read_garment(shirt(tmp_path)).fit(BODY * 2, np.eye(4))
    assert points[0] == pytest.approx(2 * np.array([0.035, -0.055, 0.02]))


@pytest.mark.parametrize(
    ("mhclo", "obj"),
    [
        ("verts 0\n1 2\n", OBJ),
        (MHCLO, "f 1/1 2/2 9/3\nvt 0 0\n"),
        (MHCLO, "f 1 2 3\n"),
        ("", OBJ),
        (MHCLO.replace("0.5", "x"), OBJ),
    ],
)
def test_what_are_no_clothes_is_said_in_one_sentence(tmp_path, mhclo, obj):
    with pytest.raises(DataError, match="shirt"):
        read_garment(shirt(tmp_path, mhclo, obj))


def test_a_folder_without_clothes_is_named(tmp_path):
    with pytest.raises(DataError, match="no clothes"):
        read_wardrobe(tmp_path)


def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path, capsys):
    assert main([str(tmp_path / "out"), "--clothes", str(tmp_path)]) == 1
    assert "no clothes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kinds", [textures.CLOTH, textures.FLOOR, textures.WALL, textures.WOOD])
def test_every_texture_is_made_of_its_two_colours_and_repeats(kinds):
    a, b = np.array([0.9, 0.2, 0.2]), np.array([0.2, 0.2, 0.9])
    for make, _ in kinds:
        one, two = (textures.finish(make(np.random.default_rng(4), a, b)) for _ in range(2))
        assert one.shape == (textures.SIDE, textures.SIDE, 3)
        assert np.array_equal(one, two)
        assert one[:, :, 1].mean() < max(one[:, :, 0].mean(), one[:, :, 2].mean())


def test_noise_has_no_seam():
    field = textures.noise(np.random.default_rng(1), (4, 8))
    inner = np.abs(np.diff(field, axis=0)).max()
    assert np.abs(field[0] - field[-1]).max() <= 1.5 * inner


@pytest.mark.parametrize("kind", furniture.MAKERS)
def test_furniture_stands_on_the_floor(kind):
    for seed in range(5):
        piece = furniture.MAKERS[kind](np.random.default_rng(seed))
        bottoms = [one.centre[2] for one in piece.boxes]
        assert min(bottoms) >= 0
        assert min(bottoms) < 0.05
        assert len(piece.materials) == len(piece.boxes)


@pytest.mark.parametrize("kind", ["chair", "sofa", "bed"])
def test_a_seat_s_first_support_is_solid_down_to_the_floor(kind):
    seat = furniture.supports_of(furniture.MAKERS[kind](np.random.default_rng(2)))[0]
    assert seat.centre[2] == 0
    assert 0.3 < seat.top < 0.7


def test_sides_of_a_box_look_outwards():
    solid = Box((1, 2, 0.5), (0.4, 0.6, 0.8), 0.3)
    for side in box(solid, textures.finish(np.zeros((textures.SIDE, textures.SIDE, 3)))):
        outward = side.corners.reshape(-1, 3).mean(0) - np.array([1, 2, 0.9])
        assert side.normals[0, 0] @ outward > 0


def test_depth_in_a_box_is_the_shortest_way_out_and_never_down():
    points = np.array([[0, 0, 0.95], [0.45, 0, 0.5], [0, 0.45, 0.02], [0, 0, -0.1], [2, 0, 0.5]])
    deep, out = depths(points, (Box((0, 0, 0), (1, 1, 1)),))
    assert deep == pytest.approx([0.05, 0.05, 0.05, 0.1, 0])
    assert out[:4] == pytest.approx(np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]))


@pytest.mark.parametrize("infrared", [False, True])
def test_a_developed_picture_has_the_same_size_and_infrared_is_grey(infrared):
    scene = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    for seed in range(8):
        one, two = (sensor.develop(scene, np.random.default_rng(seed), infrared=infrared) for _ in range(2))
        assert one.shape == scene.shape
        assert np.array_equal(one, two)
        if infrared:
            assert np.ptp(one.astype(int), axis=2).max() <= 1


def test_developing_moves_nothing():
    scene = np.zeros((65, 65, 3), np.uint8)
    scene[28:37, 28:37] = 255
    for seed in range(10):
        bright = sensor.develop(scene, np.random.default_rng(seed), infrared=False).astype(float).mean(2)
        bright[bright < 0.5 * bright.max()] = 0
        rows = (bright.sum(1) @ np.arange(65)) / bright.sum()
        columns = (bright.sum(0) @ np.arange(65)) / bright.sum()
        assert (rows, columns) == pytest.approx((32, 32), abs=0.8)


@pytest.fixture(scope="session")
def studio(shared: Path):
    """Renders seed 5; skips where anny, moderngl or EGL are missing."""
    pytest.importorskip("anny", reason="needs anny, which is not installed")
    pytest.importorskip("moderngl", reason="needs moderngl, which is not installed")
    from research.rendered.body import Bodies
    from research.rendered.draw import Renderer
    from research.rendered.picture import Studio

    try:
        renderer = Renderer()
    except Exception as error:
        pytest.skip(f"needs OpenGL through EGL: {error}")
    return Studio(5, Bodies(), read_wardrobe(shared / "synthetic" / "clothes"), renderer)


@pytest.mark.slow
def test_a_picture_repeats_and_its_keypoints_lie_on_its_people(studio):
    one = studio.render(0)
    studio.render(3)
    two = studio.render(0)
    assert np.array_equal(one.picture, two.picture)
    assert one.people
    for person in one.people:
        assert np.array_equal(person.keypoints, two.people[person.owner - 1].keypoints)
        for x, y in np.rint(person.keypoints[person.keypoints[:, 2] == 2, :2]).astype(int):
            near = one.drawn.owner[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
            assert (near == person.owner).any()
