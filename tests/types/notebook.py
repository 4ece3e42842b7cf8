"""As the cells of a notebook: a handoff as a dataclass, a result that is looked at, a command's JSON."""

# %%
import datetime

import modelhook

# %%
handoff = modelhook.Handoff(run_id="0123456789abcdef0123456789abcdef", model="fish", saved_model="saved_model")
handoff.metrics = {"val_accuracy": 0.93}
handoff.trained_at = datetime.datetime.now(datetime.UTC)
path: str = modelhook.write_handoff("handoff.json", handoff)

# %%
result = modelhook.promote(path, "--plan", timeout=60)
if result:
    result.raise_for_status()
retry: bool = result.retryable

# %%
status = modelhook.capture("status", "fish")
print(status["production"], modelhook.__version__)
