"""Who watches is told, and who has stopped watching is not."""

from supervisor.observe.gate.news import GateNews


def test_watchers_are_told_until_they_stop_watching() -> None:
    news, heard = GateNews(), []

    def first() -> None:
        heard.append("first")

    news.watch(first)
    news.watch(lambda: heard.append("second"))
    news.tell()
    news.unwatch(first)
    news.tell()
    assert heard == ["first", "second", "second"]
