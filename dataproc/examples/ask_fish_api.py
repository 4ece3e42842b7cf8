#!/usr/bin/env python3
"""Asks the inference API which version it serves, and what is on photos.

    ask_fish_api.py http://127.0.0.1:8080 PHOTO...
"""

import json
import sys
import urllib.request
from pathlib import Path


def main() -> int:
    """Ends with 1 where the API has no answer, or where another version answered than it says."""
    url, photos = sys.argv[1], [Path(photo) for photo in sys.argv[2:]]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/model", timeout=60) as answer:
        model = json.load(answer)
    print(f"the API serves version {model['version']} of {model['name']} (digest {model['digest'][:12]}, "
          f"run {model['run_id']}, loaded {model['loaded_at']})")
    if model["refused"]:
        print(f"refused: version {model['refused']['version']}: {model['refused']['why']}")
    for photo in photos:
        request = urllib.request.Request(f"{url}/predict", photo.read_bytes(), {"Content-Type": "image/png"})
        with opener.open(request, timeout=60) as answer:
            guess, version = json.load(answer), answer.headers["X-Model-Version"]
        print(f"{photo.name}: {guess['class']}, {guess['probability']:.0%}, says version {version}")
        if version != model["version"]:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
