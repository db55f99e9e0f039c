"""All stories, in the order of docs/alerts.md."""

from tests.deploy.stories import of_gateways, of_ibkr, of_supervisors
from tests.deploy.stories.registry import STORIES, Story

__all__ = ["STORIES", "Story", "of_gateways", "of_ibkr", "of_supervisors"]
