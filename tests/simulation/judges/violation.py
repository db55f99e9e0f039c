"""A promise that was not kept."""


class Violation(AssertionError):
    """`promise` is a stable word, by which a shrunk schedule is known to fail in the same way."""

    def __init__(self, promise: str, detail: str) -> None:
        super().__init__(f"{promise}: {detail}")
        self.promise = promise
        self.detail = detail


def holds(truth: bool, promise: str, detail: object = "") -> None:
    """Raises Violation unless it is true. A `detail` that is a function is asked only then."""
    if not truth:
        raise Violation(promise, str(detail() if callable(detail) else detail))
