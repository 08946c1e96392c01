"""Draws scenes with OpenGL, without a screen: EGL, llvmpipe where there is no graphics card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from research.rendered.camera import Camera, look_at
from research.rendered.mesh import Mesh
from research.rendered.projection import FAR_M, as_bytes, view_of
from research.rendered.scene import Scene
from research.rendered.shaders import LIT_FRAGMENT, LIT_VERTEX, SHADOW_FRAGMENT, SHADOW_VERTEX
from research.rendered.textures import SIDE
from research.rendered.view import Light, View

SHADOW_PX = 1024
SHADOW_DEG = 130.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """colours: uint8 (H, W, 3), BGR. depth: float32 (H, W), metres along the view. owner: uint8 (H, W), whose pixel."""

    colours: NDArray[np.uint8]
    depth: NDArray[np.float32]
    owner: NDArray[np.uint8]


class Renderer:
    """Draws scenes one after the other; a context manager."""

    def __init__(self) -> None:
        import moderngl

        self._gl: Any = moderngl
        self._context: Any = moderngl.create_standalone_context(backend="egl")
        self._context.enable(moderngl.DEPTH_TEST)
        self._lit = self._context.program(vertex_shader=LIT_VERTEX, fragment_shader=LIT_FRAGMENT)
        self._dark = self._context.program(vertex_shader=SHADOW_VERTEX, fragment_shader=SHADOW_FRAGMENT)
        self._shadows = self._context.depth_texture((SHADOW_PX, SHADOW_PX))
        self._shadows.compare_func = "<="
        self._shadows.repeat_x = self._shadows.repeat_y = False
        self._shadow_target = self._context.framebuffer(depth_attachment=self._shadows)

        self._loaded: tuple[Any, ...] = ()
        self._target_at = np.zeros(3)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.release()

    def load(self, scene: Scene) -> None:
        """Hand over what is drawn from now on."""
        for thing in self._loaded:
            thing.release()
        data, layers = _pack(scene.meshes)
        textures = self._context.texture_array((SIDE, SIDE, len(layers)), 3, np.stack(layers).tobytes())
        textures.build_mipmaps()
        self._loaded = (textures, self._context.buffer(data.tobytes()))
        self._target_at = scene.people[0].keypoints.mean(0) if scene.people else np.zeros(3)

    def draw(self, view: View) -> Drawn:
        """The loaded scene through a camera's lens."""
        textures, buffer = self._loaded
        size = view.camera.wide_size()
        kinds = ((3, "f1"), (2, "f4"))
        planes = [self._context.renderbuffer(size, channels, dtype=kind) for channels, kind in kinds]
        depth = self._context.depth_renderbuffer(size)
        target = self._context.framebuffer(planes, depth)
        seen_by_light = _light_view(view.light, self._target_at)
        if not view.light.infrared:
            self._pass(self._dark, buffer, "3f 9x4", ("at",), self._shadow_target, (SHADOW_PX,) * 2, seen_by_light)
        textures.use(0)
        self._shadows.use(1)
        _set_light(self._lit, view.light, view.camera, seen_by_light)
        names = ("at", "normal", "uv", "layer", "look")
        self._pass(self._lit, buffer, "3f 3f 2f 1f 3f", names, target, size, view_of(view.camera, size))
        picture = np.frombuffer(target.read(components=3), np.uint8).reshape(size[1], size[0], 3)[::-1, :, ::-1]
        flat = np.frombuffer(target.read(components=2, attachment=1, dtype="f4"), np.float32)
        for thing in (target, depth, *planes):
            thing.release()
        return _through_lens(view.camera, picture, flat.reshape(size[1], size[0], 2)[::-1])

    def _pass(
        self, program: Any, buffer: Any, layout: str, names: tuple[str, ...], target: Any, size: tuple[int, int],
        view: NDArray[np.float64],
    ) -> None:  # fmt: skip
        target.use()
        self._context.viewport = (0, 0, *size)
        target.clear(0.0, 0.0, 0.0, 0.0)
        program["view"].write(as_bytes(view))
        array = self._context.vertex_array(program, [(buffer, layout, *names)])
        array.render()
        array.release()


def _pack(meshes: tuple[Mesh, ...]) -> tuple[NDArray[np.float32], list[NDArray[np.uint8]]]:
    """float32 (3 F, 12): place, normal, uv, layer, gloss, glow, owner; and the textures, each once."""
    layers: dict[int, int] = {}
    textures: list[NDArray[np.uint8]] = []
    rows = []
    for mesh in meshes:
        if id(mesh.texture) not in layers:
            layers[id(mesh.texture)] = len(textures)
            textures.append(mesh.texture)
        n = 3 * len(mesh.corners)
        facts = np.array([layers[id(mesh.texture)], mesh.gloss, mesh.glow, mesh.owner], "f4")
        columns = [mesh.corners.reshape(n, 3), mesh.normals.reshape(n, 3), mesh.uv.reshape(n, 2)]
        rows.append(np.concatenate((*columns, np.broadcast_to(facts, (n, 4))), 1))
    return np.concatenate(rows), textures


def _light_view(light: Light, target: NDArray[np.float64]) -> NDArray[np.float64]:
    lamp = look_at(np.array(light.at), target + np.array([0.01, 0.02, 0.0]), (SHADOW_PX, SHADOW_PX), SHADOW_DEG)
    return view_of(lamp, (SHADOW_PX, SHADOW_PX))


def _set_light(program: Any, light: Light, camera: Camera, view: NDArray[np.float64]) -> None:
    program["lamp_view"].write(as_bytes(view))
    program["forward"].value = (*(float(v) for v in camera.turn[2]), -float(camera.turn[2] @ camera.at))
    program["lamp"].value = tuple(float(v) for v in light.at)
    program["lamp_colour"].value = tuple(float(v) for v in light.colour)
    program["around"].value = tuple(float(v) for v in light.around)
    program["eye"].value = tuple(float(v) for v in camera.at)
    program["shaded"].value = 0.0 if light.infrared else 1.0
    program["textures"].value = 0
    program["shadows"].value = 1


def _through_lens(camera: Camera, picture: NDArray[np.uint8], flat: NDArray[np.float32]) -> Drawn:
    w, h = camera.size_wh
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    off = (np.array([picture.shape[1], picture.shape[0]]) - np.array(camera.size_wh)) / 2
    source = (camera.undistort(np.stack((x, y), -1)) + off).astype(np.float32)
    colours = np.asarray(
        cv2.remap(np.ascontiguousarray(picture), source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    labels = cv2.remap(np.ascontiguousarray(flat), source, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    depth = np.where(labels[:, :, 0] > 0, labels[:, :, 0], FAR_M).astype(np.float32)
    return Drawn(colours, depth, np.rint(labels[:, :, 1]).astype(np.uint8))
