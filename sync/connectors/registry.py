"""The systems that can be pulled from."""

from __future__ import annotations

from importlib import import_module

from common.registry import Registry
from sync.connectors.declarations import Connector

connectors: Registry[Connector] = Registry("connector", "connectors")

OWN = ("salesforce", "hubspot", "zendesk", "stripe")


def discover() -> None:
    """Import the connectors of this folder, then ``<app>/connectors.py`` of every other app."""
    for name in OWN:
        import_module(f"sync.connectors.{name}")
    connectors.discover()
