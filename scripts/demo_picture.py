"""The demo's picture: image, probability and labels side by side, with Pillow and numpy only."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]  # (Y, X, 3), 0..1

PANEL = 640  # px, the longer side
MARGIN = 28
TITLE = 54
FOOT = 64
BACKGROUND = (16, 18, 24)
INK = (236, 238, 243)
FAINT = (150, 156, 170)
# Lightness rises evenly from black over purple and orange to pale yellow.
HEAT = (
    (0, 0, 4), (24, 12, 60), (66, 10, 104), (106, 23, 110), (147, 38, 103),
    (188, 55, 84), (221, 81, 58), (243, 120, 25), (252, 165, 10), (246, 215, 70), (252, 255, 164),
)  # fmt: skip


def draw(
    *, image: NDArray[Any], probability: NDArray[Any], labels: NDArray[Any], caption: str
) -> Image.Image:
    """Three panels with titles, a scale bar in px and a colour bar.

    Parameters
    ----------
    image, probability, labels
        (Y, X), of one size; labels are integers, 0 the background.
    caption
        Stands over the labels.
    """
    grey = stretch(image)
    scale = PANEL / max(image.shape)
    panels = [
        ("Input", resized(np.repeat(grey[..., None], 3, axis=2), scale)),
        ("Probability", resized(heat(probability), scale)),
        (caption, outlined(grey, labels, scale)),
    ]
    height, width = panels[0][1].height, panels[0][1].width
    sheet = Image.new(
        "RGB", (3 * width + 4 * MARGIN, height + TITLE + FOOT + MARGIN // 2), BACKGROUND
    )
    pen = ImageDraw.Draw(sheet)
    for index, (title, panel) in enumerate(panels):
        left = MARGIN + index * (width + MARGIN)
        sheet.paste(panel, (left, TITLE))
        pen.text((left, TITLE - 14), title, INK, font(24), anchor="ls")
    foot = TITLE + height + 22
    size = f"{image.shape[1]} x {image.shape[0]} px"
    draw_scale_bar(pen, (MARGIN, foot), scale, size=size)
    draw_colour_bar(sheet, (2 * MARGIN + width, foot), width // 2)
    return sheet


def stretch(image: NDArray[Any]) -> NDArray[np.float32]:
    """Grey values from 0 to 1; dark nuclei are lifted to be seen beside bright ones."""
    lower, upper = np.percentile(image, [0.5, 99.7])
    grey = np.clip((image.astype(np.float32) - lower) / max(upper - lower, 1e-6), 0, 1)
    return np.asarray(grey**0.6, np.float32)


def heat(values: NDArray[Any]) -> Pixels:
    """Values from 0 to 1 as colours whose lightness follows them."""
    places = np.linspace(0, 1, len(HEAT))
    channels = [np.interp(values, places, np.array(HEAT)[:, c] / 255) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def label_colours(count: int) -> NDArray[np.float32]:
    """Colours of labels 0 to `count`; neighbours in number are far apart in hue."""
    colours = [(0.0, 0.0, 0.0)]
    for label in range(count):
        hue = label * 0.618034 % 1  # the golden ratio never comes near an earlier hue soon
        colours.append(colorsys.hls_to_rgb(hue, (0.56, 0.66, 0.5)[label % 3], 0.85))
    return np.array(colours, np.float32)


def outlined(grey: NDArray[np.float32], labels: NDArray[Any], scale: float) -> Image.Image:
    """Labels tinted and outlined over the image, drawn large and then made small: smooth lines."""
    factor = max(2, round(3 * scale / 2))
    large = np.repeat(np.repeat(labels.astype(np.int64), factor, 0), factor, 1)
    ground = resized(np.repeat(grey[..., None], 3, axis=2), factor)
    pixels = np.asarray(ground, np.float32) / 255
    colours = label_colours(int(labels.max()))[large]
    is_object = (large > 0)[..., None]
    pixels = np.where(is_object, 0.68 * pixels + 0.32 * colours, pixels)
    line = boundary(large, thickness=max(2, round(1.6 * factor / scale)))[..., None]
    pixels = np.where(line, colours, pixels)
    panel = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    return panel.resize(panel_size(labels.shape, scale), Image.Resampling.LANCZOS)


def boundary(labels: NDArray[np.int64], *, thickness: int) -> NDArray[np.bool_]:
    """Object pixels that lie less than `thickness` px from another label."""
    padded = np.pad(labels, thickness, mode="edge")
    line = np.zeros(labels.shape, bool)
    for distance in range(1, thickness + 1):
        for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
            shifted = np.roll(padded, sign * distance, axis)
            line |= shifted[thickness:-thickness, thickness:-thickness] != labels
    return line & (labels > 0)


def resized(pixels: NDArray[Any], scale: float) -> Image.Image:
    """Pixels from 0 to 1 as a picture, `scale` times as large."""
    picture = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    return picture.resize(panel_size(pixels.shape, scale), Image.Resampling.BICUBIC)


def panel_size(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    """Width and height."""
    return round(shape[1] * scale), round(shape[0] * scale)


def draw_scale_bar(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], scale: float, *, size: str
) -> None:
    """A line of 100 px of the image, and the image's size."""
    left, top = at
    length = round(100 * scale)
    pen.rectangle((left, top, left + length, top + 4), fill=INK)
    pen.text((left, top + 12), f"100 px of {size}", FAINT, font(18), anchor="la")


def draw_colour_bar(sheet: Image.Image, at: tuple[int, int], width: int) -> None:
    """The colours of the probability from 0 to 1."""
    ramp = heat(np.repeat(np.linspace(0, 1, width)[None], 10, axis=0))
    sheet.paste(Image.fromarray((ramp * 255).astype(np.uint8)), at)
    pen = ImageDraw.Draw(sheet)
    left, top = at
    pen.text((left, top + 14), "0", FAINT, font(18), anchor="la")
    pen.text((left + width, top + 14), "1", FAINT, font(18), anchor="ra")


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font."""
    return ImageFont.load_default(size)
