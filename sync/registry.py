"""Resources: what an app lets in and out through every way of the data platform."""

from __future__ import annotations

from common.registry import Registry
from sync.declarations import Resource

resources: Registry[Resource] = Registry("sync resource", "resources")
