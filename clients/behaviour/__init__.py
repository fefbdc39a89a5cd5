"""Behaviour tags (行为标签): what a client's assets, trades and holdings say about him, by definitions that people can read."""

from clients.behaviour.definitions import FAMILIES, Family, edition, family_of, tag_label
from clients.behaviour.rules import Bounds, Facts, Finding, judge

__all__ = ["FAMILIES", "Bounds", "Facts", "Family", "Finding", "edition", "family_of", "judge", "tag_label"]
