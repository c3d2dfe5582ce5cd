"""What the programs of a grader's cases come to in the sandbox of this machine."""

from collections.abc import Collection

from app.admission.claim import Claim
from app.auth import ANONYMOUS
from app.commands.judging import case_judge
from app.metrics import Metrics
from app.programs import Programs, sandbox_settings
from app.settings import Settings
from graders.api import Execution
from graders.proof import same_each_time
from graders.version import Version


async def execute_cases(
    version: Version, settings: Settings, without: Collection[str] = ()
) -> dict[str, tuple[Execution, ...]]:
    """By name, the executions of each case's programs, without what differs each time; none where the plan asks for
    none, or refuses the case. The ids in `without` are not loaded.

    Raises:
        ServiceError: a program could not be run.
    """
    programs = Programs(sandbox_settings(settings), Metrics())
    found = {}
    try:
        async with case_judge(settings, without) as judge:
            for case in version.cases:
                plan = await judge(version, case, is_plan=True)
                wanted = plan if isinstance(plan, list) else []
                claim = Claim.within(settings.deadline_s, ANONYMOUS)
                executions = await programs.run(wanted, claim) if wanted else []
                found[case.name] = tuple(map(same_each_time, executions))
    finally:
        await programs.close()
    return found
