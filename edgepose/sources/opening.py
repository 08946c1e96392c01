"""Opens a local video with the library that shows it as a player does, and reads its first picture.

OpenCV comes first where the file's own header says that its first track is the one to show; else PyAV, which knows
covers and previews. What one of them cannot open or decode the other tries.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgepose.errors import SourceError
from edgepose.sources.container import Header, codec_name, missing_bytes, read_header
from edgepose.sources.display import TooLargeError, check_size
from edgepose.sources.reader import Shot, UndecodableError, video_libraries

if TYPE_CHECKING:
    from edgepose.sources.av_reader import AvReader
    from edgepose.sources.cv_reader import CvReader

_LOG = logging.getLogger(__name__)

_NAMES = {"opencv": "OpenCV", "av": "PyAV"}


class _WrongTrackError(SourceError):
    """OpenCV would show another track than a player does."""


class Opened(NamedTuple):
    """A reader whose first picture is already read."""

    reader: AvReader | CvReader
    first: Shot
    header: Header


def open_video(path: Path, wish: str = "auto") -> Opened:
    """The opened video. wish: "av", "opencv" or, for either, "auto" and "gstreamer".

    Raises SourceError in one sentence when it is missing, empty, too large, cut off before its first picture, no
    video, or when no library here can decode it.
    """
    _check_file(path)
    label = f"video '{path}'"
    header = read_header(path)
    size_wh = header.shown.size_wh if header.shown else header.claimed_wh
    if size_wh is not None:
        check_size(label, size_wh)
    if header.kind == "sound":
        raise _not_the_first(label, header)
    libraries = video_libraries("auto" if wish == "gstreamer" else wish, "file")
    if not header.first_is_shown:
        libraries = tuple(sorted(libraries))  # PyAV before OpenCV
    failures: dict[str, SourceError] = {}
    for library in libraries:
        try:
            reader, first = _open_with(library, path, label, header)
        except TooLargeError:
            raise
        except SourceError as error:
            failures[library] = error
            continue
        if failures:
            _LOG.info("%s is read with %s: %s", label, _NAMES[library], next(iter(failures.values())))
        return Opened(reader, first, header)
    raise _failure(path, label, header, failures)


def _check_file(path: Path) -> None:
    try:
        if not path.exists():
            raise SourceError(f"no file '{path}'; give a video file, a folder of pictures or a camera address")
        if not path.is_file():
            raise SourceError(f"'{path}' is not a regular file; cameras are opened by address: v4l2:///dev/video0")
        with path.open("rb") as file:
            empty = not file.read(1)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"cannot read video '{path}': {(error.strerror or str(error)).lower()}") from None
    if empty:
        raise SourceError(f"video '{path}' is empty (0 bytes); copy or record it again")


def _open_with(library: str, path: Path, label: str, header: Header) -> tuple[AvReader | CvReader, Shot]:
    """A reader and the first picture. Raises SourceError, UndecodableError where it opened and gave no picture."""
    place = str(path.resolve())
    reader: AvReader | CvReader
    if library == "av":
        from edgepose.sources import av_reader

        reader = av_reader.open_file(place, label, fragments=header.kind == "MP4" and not header.no_index)
    else:
        if header.tracks is not None and not header.first_is_shown:
            raise _not_the_first(label, header)
        from edgepose.sources import cv_reader

        reader = cv_reader.open_file(place, label, header.shown.turn if header.shown else None)
    try:
        return reader, reader.read()
    except EOFError:
        reader.close()
        raise UndecodableError(f"{label} holds no picture that can be decoded", reader.codec) from None
    except SourceError as error:
        reader.close()
        raise UndecodableError(str(error), reader.codec) from None


def _not_the_first(label: str, header: Header) -> _WrongTrackError:
    """Why OpenCV, which reads the first track of pictures, would show the wrong one."""
    if header.shown is None:
        what = "only a cover picture" if header.tracks else "no pictures"
        return _WrongTrackError(f"cannot read {label}: it holds {what}; give a video")
    width, height = header.shown.size_wh
    return _WrongTrackError(
        f"cannot read {label}: its video of {width}x{height} is not its first track of pictures, and OpenCV reads only "
        f"that; {_with_av()}"
    )


def _failure(path: Path, label: str, header: Header, failures: dict[str, SourceError]) -> SourceError:
    """The one sentence for a video that no library could read."""
    first = next(iter(failures.values()))
    wrong_track = next((error for error in failures.values() if isinstance(error, _WrongTrackError)), None)
    if wrong_track is not None and (len(failures) == 1 or header.shown is None):
        return wrong_track
    undecodable = [error for error in failures.values() if isinstance(error, UndecodableError)]
    missing = 0 if header.tracks == () else missing_bytes(path)
    if not missing and not undecodable and header.shown is None:
        return _with_advice(failures.get("av", first))
    codec = codec_name(header.shown.codec) if header.shown else ""
    codec = codec or next((error.codec for error in undecodable if error.codec), "")
    who = " and ".join(_NAMES[library] for library in failures) + " can decode no picture of"
    of_codec = f" (codec {codec})" if codec else ""
    convert = f"{'' if 'av' in failures else _with_av() + ', or '}convert it: ffmpeg -i IN -c:v libx264 OUT.mp4"
    if missing:
        what = "its index is missing" if header.no_index else "bytes are missing at its end"
        return SourceError(f"{label} is cut off: {what}, and {who} the rest{of_codec}; copy or record it again")
    return SourceError(f"cannot read {label}: {who} it{of_codec}; {convert}")


def _with_advice(error: SourceError) -> SourceError:
    """The library's own reason, and what to do about it where it does not say."""
    return error if ";" in str(error) else SourceError(f"{error}; give a video that is whole")


def _with_av() -> str:
    """How to come to PyAV from here."""
    here = "av" in video_libraries("auto", "file")
    return 'leave the reader to "auto"' if here else "install PyAV: pip install 'edgepose[av]'"
