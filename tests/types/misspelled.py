"""What a type checker must find: each line is ignored, and one that needed no ignoring is an error."""

import modelhook

modelhook.promoting("fish", tag={"a": "b"})  # type: ignore[call-arg]
with modelhook.promoting("fish") as job:
    job.metric = {"val_accuracy": 0.9}  # type: ignore[attr-defined]
    job.samples = {"train": "many"}  # type: ignore[dict-item]
    print(job.result.outcom)  # type: ignore[attr-defined]
modelhook.promote("handoff.json", timeot=5)  # type: ignore[call-arg]
modelhook.write_handoff("handoff.json", run_id="0", modell="fish")  # type: ignore[call-overload]
modelhook.find_hook()  # type: ignore[attr-defined]
modelhook.exit_with(None)  # type: ignore[arg-type]
