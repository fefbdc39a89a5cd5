"""What the API tells about matchings and assignments, and what it takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from advisory.models import MatchingRun, MatchProposal
from clients.models import AdvisorAssignment
from crm.core.api.serializers import Person, PublicIdField, Strict
from crm.core.models import Branch


class MatchingRunRead(serializers.ModelSerializer[MatchingRun]):
    """A run; ``gap`` 0 proves that no matching serves more clients, and none that serves as many is worth more."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    gap = serializers.IntegerField(read_only=True)
    created_by = Person(read_only=True)
    decided_by = Person(read_only=True, allow_null=True)

    class Meta:
        model = MatchingRun
        fields = [
            "id",
            "branch",
            "state",
            "continuity_points",
            "weights",
            "value",
            "bound",
            "gap",
            "assigned",
            "unassigned",
            "moved",
            "newly_assigned",
            "input_hash",
            "created_by",
            "created_at",
            "decided_by",
            "decided_at",
            "reason",
            "version",
        ]


class RunnerUp(serializers.Serializer[Any]):
    """An advisor who came next; ``net`` is points less what a place with him is worth to others."""

    advisor = serializers.CharField(help_text="Public id of the advisor.")
    points = serializers.IntegerField()
    net = serializers.IntegerField()


class ProposalRead(serializers.ModelSerializer[MatchProposal]):
    """What is proposed for one client; clients who stay with their advisor are not listed."""

    client = serializers.CharField(source="client.public_id", read_only=True)
    old_advisor = Person(read_only=True, allow_null=True)
    new_advisor = Person(read_only=True, allow_null=True)
    contributions = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    runners_up = RunnerUp(many=True, read_only=True)

    class Meta:
        model = MatchProposal
        fields = [
            "client",
            "old_advisor",
            "new_advisor",
            "points",
            "contributions",
            "runners_up",
            "unassigned_reason",
        ]


class StartMatching(Strict):
    """Ask for a proposal; the branch is the caller's own unless named."""

    branch = PublicIdField(model=Branch, required=False)
    continuity_points = serializers.IntegerField(min_value=0, max_value=10_000, required=False)


class ApproveMatching(Strict):
    """Approval says nothing more than which version it means (If-Match)."""


class RejectMatching(Strict):
    reason = serializers.CharField(max_length=200)


class AssignmentRead(serializers.ModelSerializer[AdvisorAssignment]):
    """Who serves a client now, since when and why."""

    id = serializers.CharField(source="public_id", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True)
    advisor = Person(read_only=True)
    reason = serializers.CharField(source="reason_shown", read_only=True)

    class Meta:
        model = AdvisorAssignment
        fields = ["id", "client", "advisor", "since", "reason"]
