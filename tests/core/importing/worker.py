"""A process of its own that imports departments and dawdles inside the transaction, so that it can be killed there."""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(code: str, marker: str, dawdle: float) -> None:
    import django

    django.setup()
    from crm.core.access import system_user
    from crm.core.importing import TARGETS
    from crm.core.importing.mapping import parse
    from crm.core.models import Branch
    from crm.core.services.importing import import_file
    from tests.core.importing.kinds import DepartmentTarget

    class Slow(DepartmentTarget):
        def after_apply(self, context, stage):
            Path(marker).write_text("written, not committed")
            time.sleep(dawdle)

    TARGETS["departments"] = Slow()
    body = "code,name\n" + "".join(f"A{i},部门{i}\n" for i in range(50))
    batch = import_file(
        actor=system_user(),
        kind="departments",
        branch=Branch.objects.get(code=code),
        file_name="f.csv",
        raw=body.encode(),
        mapping=parse('[columns]\ncode = "code"\nname = "name"\n'),
    )
    print(batch.counts)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
