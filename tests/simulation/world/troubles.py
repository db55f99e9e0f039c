"""What is wrong in the world at present, and since when: the truth that reports are compared with."""

import math
from dataclasses import dataclass, field


@dataclass
class Troubles:
    """Named troubles, each as often as it is there at once."""

    calm_since: float = 0.0
    """Nothing has been wrong since then; means nothing while something is."""
    changed_at: float = 0.0
    """When one last began or ended."""
    unheard_at: float = -math.inf
    """When the end of a session was last lost on its way: only the heartbeat finds out."""
    _times: dict[str, int] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def begin(self, name: str, t: float) -> None:
        self.changed_at = t
        self._times[name] = self._times.get(name, 0) + 1
        self._since.setdefault(name, t)

    def end(self, name: str, t: float) -> None:
        self.changed_at = t
        left = self._times[name] - 1
        if left:
            self._times[name] = left
            return
        del self._times[name], self._since[name]
        if not self._times:
            self.calm_since = t

    def disturbed(self, t: float) -> None:
        """Something happened that is over at once."""
        self.calm_since = max(self.calm_since, t)

    def __contains__(self, name: str) -> bool:
        return name in self._times

    def __len__(self) -> int:
        return len(self._times)

    def since(self, name: str) -> float | None:
        """When this trouble began; None if it is not there."""
        return self._since.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._times)

    def calm_for(self, t: float) -> float:
        """Seconds for which nothing has been wrong; negative while something is."""
        return -1.0 if self._times else t - self.calm_since
