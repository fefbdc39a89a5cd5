"""Bringing files in: reading, mapping, checking, applying and undoing, for whatever kinds of data apps register."""

from crm.core.importing import bulk
from crm.core.importing.fields import ImportField
from crm.core.importing.model_target import ModelTarget
from crm.core.importing.own_work import own_work
from crm.core.importing.problems import (
    FileRefused,
    ImportBusy,
    ImportCancelled,
    ImportRefused,
    ImportStale,
    ImportTouched,
    MappingRefused,
    Problem,
)
from crm.core.importing.targets import (
    TARGETS,
    ImportContext,
    ImportTarget,
    InputRow,
    RowPlan,
    Stage,
    StagedRow,
    register,
    target_of,
)

__all__ = [
    "TARGETS",
    "FileRefused",
    "ImportBusy",
    "ImportCancelled",
    "ImportContext",
    "ImportField",
    "ImportRefused",
    "ImportStale",
    "ImportTarget",
    "ImportTouched",
    "InputRow",
    "MappingRefused",
    "ModelTarget",
    "Problem",
    "RowPlan",
    "Stage",
    "StagedRow",
    "bulk",
    "own_work",
    "register",
    "target_of",
]
