"""What a program hands in as a picture becomes BGR, or is refused with the conversion to write."""

import numpy as np
import pytest

from edgepose.errors import ShapeError, SourceError
from edgepose.pictures import as_image, write_image

BLUE = np.zeros((4, 6, 3), np.uint8)
BLUE[..., 0] = 200


class Pil:
    """As PIL's pictures behave: bands of their own, and an array of RGB once converted."""

    def getbands(self):
        return ("P",)

    def convert(self, mode):
        assert mode == "RGB"
        return BLUE[:, :, ::-1]


@pytest.mark.parametrize(
    ("given", "colour"),
    [
        (BLUE, "bgr"),
        (BLUE[:, :, ::-1], "rgb"),
        (np.dstack([BLUE, np.full((4, 6), 9, np.uint8)]), "bgr"),
        (np.dstack([BLUE[:, :, ::-1], np.full((4, 6), 9, np.uint8)]), "rgb"),
        (Pil(), "bgr"),
    ],
    ids=["bgr", "rgb", "bgra", "rgba", "pil"],
)
def test_every_form_of_a_blue_picture_is_the_same_picture(given, colour):
    assert (as_image(given, colour) == BLUE).all()


def test_an_array_that_is_right_already_is_not_copied():
    assert as_image(BLUE) is BLUE


def test_a_real_pil_picture():
    Image = pytest.importorskip("PIL.Image")
    assert (as_image(Image.fromarray(np.ascontiguousarray(BLUE[:, :, ::-1]))) == BLUE).all()


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1)])
def test_grey_has_three_channels_alike(shape):
    grey = np.arange(24, dtype=np.uint8).reshape(shape)
    assert (as_image(grey) == grey.reshape(4, 6, 1)).all()
    assert as_image(grey).shape == (4, 6, 3)


def test_a_path_is_read(tmp_path):
    write_image(tmp_path / "blue.png", BLUE)
    assert (as_image(tmp_path / "blue.png") == BLUE).all()
    assert (as_image(str(tmp_path / "blue.png")) == BLUE).all()
    with pytest.raises(SourceError, match="cannot read"):
        as_image(tmp_path / "none.png")


class Tensor:
    def detach(self):
        return self


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (BLUE / np.float32(255), r"\(picture \* 255\)"),
        (BLUE.astype(np.float32), r"astype\(numpy.uint8\)"),
        (BLUE.astype(np.uint16), "picture >> 8"),
        (BLUE.transpose(2, 0, 1), "transpose"),
        (BLUE[None], "estimator.batch"),
        (np.zeros((0, 6, 3), np.uint8), "no pixel"),
        (np.zeros((4, 6, 5), np.uint8), r"\(4, 6, 5\)"),
        (np.zeros(4, np.uint8), r"\(4,\)"),
        (None, "cv2.imread"),
        ([BLUE, BLUE], "estimator.batch"),
        (Tensor(), "permute"),
        (3.5, "numpy.asarray"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(given, says):
    with pytest.raises(ShapeError, match=says) as refused:
        as_image(given)
    assert "\n" not in str(refused.value)


def test_an_unknown_colour_is_refused():
    with pytest.raises(ShapeError, match="'bgr' or 'rgb'"):
        as_image(BLUE, "RGB")
