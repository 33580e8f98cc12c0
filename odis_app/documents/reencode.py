"""A program of its own: reads one picture on its input, writes the same picture without what the camera knew on its output.

Run apart, with little memory and time, because a picture can be made to hurt its reader. The place, the date and the
device (EXIF, XMP, IPTC), embedded thumbnails and colour profiles stay behind; the orientation is applied to the pixels.
"""

from __future__ import annotations

import io
import resource
import sys

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 20
MAX_PIXELS = 60_000_000
MAX_SIDE = 16_000


def main() -> int:
    """0 when the picture was written; anything else, and nothing on the output, when it cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from PIL import Image, ImageOps

    data = sys.stdin.buffer.read()
    with Image.open(io.BytesIO(data), formats=[sys.argv[1]]) as opened:
        if opened.width * opened.height > MAX_PIXELS or max(opened.size) > MAX_SIDE:
            return 2
        upright = ImageOps.exif_transpose(opened)
        keeps_alpha = sys.argv[1] != "JPEG" and (upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info)
        bare = Image.new("RGBA" if keeps_alpha else "RGB", upright.size)
        bare.paste(upright.convert(bare.mode))
    out = io.BytesIO()
    bare.save(out, format=sys.argv[1], **({"quality": 90} if sys.argv[1] in {"JPEG", "WEBP"} else {"optimize": False}))
    sys.stdout.buffer.write(out.getvalue())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
