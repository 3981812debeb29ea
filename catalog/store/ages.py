"""How long ago each entity last changed, as far as the revisions that are kept tell."""

from datetime import datetime

import sqlalchemy as sa

from catalog.tables import CHANGE, REVISION


def read_unchanged(db: sa.Connection, since: datetime) -> list[str] | None:
    """The refs that no revision touched since a time; None where the first revision is younger than that."""
    newest = db.scalar(sa.select(sa.func.max(REVISION.c.number)).where(REVISION.c.time < since))
    if newest is None:
        return None
    by_ref = sa.select(CHANGE.c.ref).group_by(CHANGE.c.ref).having(sa.func.max(CHANGE.c.revision) <= newest)
    return list(db.scalars(by_ref))
