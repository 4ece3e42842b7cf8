#!/usr/bin/env python3
"""Trains a fish classifier in a Spark job, and ends the job with modelhook.

    spark-submit --py-files modelhook.zip,fish_pictures.py,fish_training.py train_fish_model_minimal.py \\
        --images s3a://bucket/fish --epochs 60 -- --result s3://bucket/results/RUN.json --spool s3://bucket/spool

Spark reads the photos and its executors make pictures of them; the driver trains with TensorFlow, logs to
MLflow, exports the SavedModel, writes the handoff, gives the executors back and calls modelhook. What follows
`--` goes to `modelhook run`. The job ends with 0 where the model was promoted or held, else with modelhook's
status; YARN's cluster mode tells its caller less, which is what --result is for. It is the same script in
every deploy mode: local, standalone, YARN client and YARN cluster.

--images is a folder on any file system that Spark reads; fish_pictures.py tells what lies in it.
Driver and executors need numpy and Pillow, the driver tensorflow and mlflow-skinny, and MLFLOW_TRACKING_URI.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, List, Tuple

import modelhook
from fish_pictures import HOLDOUT, Pictures, dataset, pictures_of
from fish_training import MODEL, SEED, train_and_hand_over
from pyspark.sql import SparkSession


def read_pictures(spark: Any, images: str, count: int) -> Pictures:
    """Reads the photos through Spark, and brings their pictures to the driver."""
    photos = (spark.read.format("binaryFile").option("pathGlobFilter", "*.{png,jpg,jpeg,PNG,JPG,JPEG}")
              .option("recursiveFileLookup", "true").load(images).select("path", "content"))
    spread = photos.repartition(spark.sparkContext.defaultParallelism).rdd
    return dataset(spread.map(lambda row: (row.path, pictures_of(row.path, bytes(row.content), count, SEED))).collect())


def parse(arguments: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """The command line, and what goes to modelhook."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, help="folder or URL that Spark reads")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--pictures", type=int, default=50, help="pictures made of each photo")
    parser.add_argument("--out", type=Path, default=Path("fish_model"), help="a folder on the driver")
    parser.add_argument("--hook", help="URL from which Spark fetches the program, where the package has none")
    options = parser.parse_args(arguments[:end])
    if options.epochs < 1 or options.pictures < HOLDOUT:
        parser.error(f"at least one epoch and {HOLDOUT} pictures of each photo")
    return options, arguments[end + 1:]


def main() -> None:
    """Trains, hands over, gives the executors back, promotes, and ends with the outcome."""
    options, for_hook = parse(sys.argv[1:])
    modelhook.load_secret()
    spark = SparkSession.builder.appName(f"train {MODEL}").getOrCreate()
    program = modelhook.find_binary(spark=spark, uri=options.hook)  # before hours of training
    options.out.mkdir(parents=True, exist_ok=True)
    ready = modelhook.run_command("check", options.out / "handoff.json", "--model", MODEL, *for_hook, binary=program)
    if not ready:
        modelhook.exit_with(ready)
    data = read_pictures(spark, options.images, options.pictures)
    params = {"pictures": options.pictures, "spark": spark.version, "master": spark.sparkContext.master}
    handoff, _ = train_and_hand_over(data, options.out, options.epochs, params)
    spark.stop()
    modelhook.exit_with(modelhook.promote(handoff, *for_hook, binary=program))


if __name__ == "__main__":
    try:
        main()
    except modelhook.ModelhookError as error:
        modelhook.exit_with(error)
