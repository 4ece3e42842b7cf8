"""The pictures that the fish trainings learn from: many of each photo, turned, scaled, lit and placed anew.

Spark's executors run this as well as a driver: it needs numpy and Pillow, and no TensorFlow.

Photos are SPECIES/PHOTO.jpg, or SPECIES.png with one to a species. Where each species has five or more, the
holdout has photos of its own. Where it has fewer, train and holdout share their source photos, and the
accuracy is a demo number that says nothing about fish at sea.
"""

import io
import posixpath
import zlib
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

import numpy as np
from PIL import Image, ImageEnhance

SIDE = 48
HOLDOUT = 5  # one in so many photos, or pictures of a photo, is held out
ENOUGH_PHOTOS = 5  # of a species, for a holdout of its own


class Pictures(NamedTuple):
    """Pixels (N, SIDE, SIDE, 3) from 0 to 255, the label of each, and which are held out."""

    images: Any
    labels: Any
    held_out: Any
    species: List[str]
    shares_photos: bool  # between train and holdout

    def train(self) -> Tuple[Any, Any]:
        """What is trained with."""
        return self.images[~self.held_out], self.labels[~self.held_out]

    def holdout(self) -> Tuple[Any, Any]:
        """What is validated with."""
        return self.images[self.held_out], self.labels[self.held_out]


def pictures_of(path: str, content: bytes, count: int, seed: int) -> Any:
    """So many pictures of a photo; they follow from its name and the seed, wherever they are made."""
    random = np.random.default_rng([seed, zlib.crc32(posixpath.basename(path).encode())])
    with Image.open(io.BytesIO(content)) as file:
        photo = file.convert("RGBA")
    return np.stack([_picture(photo, random) for _ in range(count)])


def dataset(photos: Iterable[Tuple[str, Any]]) -> Pictures:
    """Paths of photos with their pictures, in any order, as one set in an order that does not vary."""
    photos = sorted(photos, key=lambda photo: photo[0])
    named = _species_of([path for path, _ in photos])
    species = sorted(set(named))
    if len(species) < 2:
        raise ValueError(f"photos of {len(species)} species, two at least are needed")
    shares = min(named.count(name) for name in species) < ENOUGH_PHOTOS
    labels, held_out = [], []
    seen: Dict[str, int] = dict.fromkeys(species, 0)
    for name, (_, pictures) in zip(named, photos):
        for number in range(len(pictures)):
            labels.append(species.index(name))
            held_out.append((number if shares else seen[name]) % HOLDOUT == HOLDOUT - 1)
        seen[name] += 1
    images = np.concatenate([pictures for _, pictures in photos]).astype(np.float32)
    return Pictures(images, np.array(labels), np.array(held_out), species, shares)


def _picture(photo: Any, random: Any) -> Any:
    """The fish turned, scaled, lit and placed anew, in water of a random colour."""
    if random.random() < 0.5:
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    photo = photo.rotate(random.uniform(-20, 20), resample=Image.Resampling.BILINEAR, expand=True)
    scale = random.uniform(0.75, 1.05) * SIDE / max(photo.size)
    photo = photo.resize([max(8, round(length * scale)) for length in photo.size], Image.Resampling.BILINEAR)
    photo = ImageEnhance.Brightness(photo).enhance(random.uniform(0.75, 1.25))
    photo = ImageEnhance.Color(photo).enhance(random.uniform(0.7, 1.3))
    water = random.normal(random.uniform(70, 140, 3), 10, (SIDE, SIDE, 3))
    scene = Image.fromarray(water.clip(0, 255).astype(np.uint8))
    scene.paste(photo, [int(random.integers(-4, 5) + (SIDE - length) // 2) for length in photo.size], photo)
    return np.asarray(scene)


def _species_of(paths: List[str]) -> List[str]:
    """The species of each photo: its folder's name where there are several folders, else its own."""
    folders = [posixpath.dirname(path) for path in paths]
    if len(set(folders)) > 1:
        return [posixpath.basename(folder) for folder in folders]
    return [posixpath.splitext(posixpath.basename(path))[0] for path in paths]
