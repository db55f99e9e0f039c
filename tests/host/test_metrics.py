"""A program's own registry gets the daemon's metrics under the daemon's names."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from supervisor.simulator import SimulatedGateway
from tests.host.programs import Book, hosted
from tests.waiting import wait_until


def test_the_names_are_the_daemons_and_the_label_is_the_client_id(gateway: SimulatedGateway, book: Book) -> None:
    with hosted(book, gateway.port) as host:
        registry = CollectorRegistry()
        registry.register(host.metrics())
        host.wait_ready(10)
        wait_until(lambda: registry.get_sample_value("ib_up", {"client_id": "17"}) == 1)
        gateway.do("rst")
        book.until("on_ready", 2)
        weekend = any(window.active for window in host.snapshot.windows)
        lost = {"client_id": "17", "reason": "reset", "planned": str(weekend).lower()}
        assert registry.get_sample_value("ib_session_losses_total", lost) == 1
        for _ in range(60):
            host.app.reqMarketDataType(1)
        assert (registry.get_sample_value("ib_program_queue_messages", {"client_id": "17"}) or 0) > 10
        assert (registry.get_sample_value("ib_program_paced_messages_total", {"client_id": "17"}) or 0) > 10
        page = generate_latest(registry).decode()
    assert 'gateway="' not in page
    assert "DU1234567" not in page
    assert 'ib_gateway_info{account_mode="any",client_id="17"' in page


def test_one_registry_takes_several_hosts_of_one_process_with_client_ids_of_their_own(
    gateway: SimulatedGateway, book: Book
) -> None:
    with hosted(book, gateway.port) as first, hosted(book, gateway.port, client_id=18) as second:
        registry = CollectorRegistry()
        registry.register(first.metrics(second))
        for client_id in ("17", "18"):
            wait_until(lambda each=client_id: registry.get_sample_value("ib_up", {"client_id": each}) == 1)  # type: ignore[misc]
        assert registry.get_sample_value("ib_program_queue_messages", {"client_id": "18"}) == 0
        assert generate_latest(registry).decode().count("# TYPE ib_up ") == 1
        with pytest.raises(ValueError, match="of its own"):
            first.metrics(first)
