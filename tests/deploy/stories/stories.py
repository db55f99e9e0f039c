"""All stories, in the order of docs/alerts.md."""

from tests.deploy.stories import of_data, of_gateways, of_ibkr, of_recovery, of_settings, of_supervisors
from tests.deploy.stories.registry import STORIES, Story

__all__ = ["STORIES", "Story", "of_data", "of_gateways", "of_ibkr", "of_recovery", "of_settings", "of_supervisors"]
