"""Changes one byte of the weights that a run left in MLflow's artifact directory, as a bad disk does.

    damage.py ARTIFACTS RUN_ID
"""

import pathlib
import sys

(weights,) = pathlib.Path(sys.argv[1]).glob(f"**/{sys.argv[2]}/**/variables.data-00000-of-00001")
with open(weights, "r+b") as file:
    file.seek(weights.stat().st_size // 2)
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 1]))
