"""What every end-to-end test gets: a scripted model, and a look at what it leaves behind."""

from support.served import (
    left_nothing,
    script,
    shared_runtime,
    shared_script,
    workspace,
)

__all__ = ["left_nothing", "script", "shared_runtime", "shared_script", "workspace"]
