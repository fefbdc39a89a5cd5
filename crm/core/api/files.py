"""Files that belong to a row, over REST: what is told of each, one sent, and the kind of answer that hands one out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from crm.core.models import Attachment


class FileRead(serializers.Serializer[Attachment]):
    """A file on a row; recordings say how many seconds they play."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    duration_seconds = serializers.IntegerField(allow_null=True)
    uploaded_at = serializers.DateTimeField()


class FileUpload(serializers.Serializer[Any]):
    """One file, as multipart/form-data."""

    file = serializers.FileField()
