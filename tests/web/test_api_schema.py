"""The API does what its description says, whatever it is asked: examples made by schemathesis from the description."""

import warnings

from hypothesis import HealthCheck, Phase, given, settings

from scheduler.submission import May, Role
from tests.web.site import Served

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries that it stands on
    import schemathesis
    from schemathesis import Case, GenerationMode
    from schemathesis.config import SchemathesisConfig

CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 414, 422, 431]}}}
)

SETTINGS = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_operation_keeps_its_description(served: Served) -> None:
    """No fault of the program, no undescribed answer and no way around the token, for right and wrong requests."""
    served.submission()
    served.site.hosts = frozenset({"testserver", "localhost"})
    headers = {"Authorization": f"Bearer {served.token(served.user(Role.admin), *May)}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served.asgi, config=CONFIG)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 28
    for operation in operations:
        for mode in GenerationMode:

            @SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode))
            def holds(case: Case) -> None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    case.call_and_validate(headers=headers)

            holds()
