"""What a simulated year has besides the steps of its plan. A new part is a class like these, entered in `PARTS`."""

from tests.simulation.parts.complaints import Complaints
from tests.simulation.parts.contact_people import ContactPeople
from tests.simulation.parts.gifts import Gifts
from tests.simulation.parts.promises import Promises
from tests.simulation.parts.service_promise import ServicePromise
from tests.simulation.parts.surveys import Surveys

PARTS = (ContactPeople, Complaints, Promises, Surveys, Gifts, ServicePromise)
