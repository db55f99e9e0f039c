"""The daemon of the lab, on a port that it keeps."""

from pathlib import Path

from tests.daemon.running import Running
from tests.daemon.running import free_port as quiet_port

__all__ = ["QuietDaemon", "quiet_port"]


class QuietDaemon(Running):
    """The daemon as a process, on such a port; with `web_config` if its folder has a `web.yaml`."""

    def __init__(self, folder: Path, config: str, environment: dict[str, str] | None = None) -> None:
        self._quiet = quiet_port()
        web = folder / "web.yaml"
        self._web = f", web_config: {web}" if web.exists() else ""
        super().__init__(folder, config, environment)

    def write(self, config: str) -> None:
        """Write the config, with its `http`."""
        self.port = self._quiet
        self.file.write_text(f'http: {{listen: "127.0.0.1:{self.port}"{self._web}}}\n{config}', encoding="utf-8")

    def __enter__(self) -> "QuietDaemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
