"""The catalogue as one thing, put together from its parts."""

from catalogue.alarms import Alarms
from catalogue.database import Database
from catalogue.decisions import Decisions
from catalogue.descriptors import Descriptors
from catalogue.holds import Holds
from catalogue.infrastructure import InfrastructureStore
from catalogue.ledger import Ledger
from catalogue.migrate import upgrade
from catalogue.operations import Operations
from catalogue.overview import Overview
from catalogue.pauses import Pauses
from catalogue.plans import Plans
from catalogue.reservations import Reservations
from catalogue.services import Services
from catalogue.timings import Timings


class Catalogue:
    """All parts over one database; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.descriptors = Descriptors(database)
        self.infrastructure = InfrastructureStore(database)
        self.operations = Operations(database)
        self.reservations = Reservations(database)
        self.ledger = Ledger(database)
        self.services = Services(database)
        self.plans = Plans(database)
        self.timings = Timings(database)
        self.overview = Overview(database)
        self.alarms = Alarms(database)
        self.decisions = Decisions(database)
        self.pauses = Pauses(database)
        self.holds = Holds(database)

    def close(self) -> None:
        self._database.close()


def open_catalogue(url: str) -> Catalogue:
    """Brings the schema up to date and opens it; several processes may do so at once."""
    upgrade(url)
    return Catalogue(Database(url))
