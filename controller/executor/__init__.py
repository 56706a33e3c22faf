"""One action, one call. Admission rule: it decides nothing and stops at the first failure."""

from controller.executor.executor import Executor

__all__ = ["Executor"]
