"""A Spark job that trains nothing: it writes a tiny SavedModel, hands it over and calls modelhook as a training does.

The program is where find_binary finds it, or at --program URL. What follows `--` goes to `modelhook run`.
"""

import argparse
import sys
from pathlib import Path

import modelhook
import tiny_model
from pyspark.sql import SparkSession


def main() -> None:
    """Some work for the executors, the handoff, the hook."""
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("model")
    parser.add_argument("--program")
    parser.add_argument("--torn", action="store_true", help="the SavedModel lacks the index of its weights")
    options = parser.parse_args(sys.argv[1:end])
    spark = SparkSession.builder.getOrCreate()
    trained_with = spark.sparkContext.parallelize(range(100), 2).map(lambda number: number % 2).sum()
    saved_model = tiny_model.write(Path(options.run))
    if options.torn:
        (saved_model / "variables/variables.index").unlink()
    handoff = modelhook.write_handoff(
        f"{options.run}.json", run_id=options.run, model=options.model, saved_model=saved_model,
        trained_at="2026-11-22T12:00:00Z", metrics={"val_accuracy": 0.9}, samples={"train": trained_with})
    program = modelhook.find_binary(spark=spark, uri=options.program)
    spark.stop()
    modelhook.exit_with(modelhook.promote(handoff, *sys.argv[end + 1:], binary=program))


if __name__ == "__main__":
    main()
