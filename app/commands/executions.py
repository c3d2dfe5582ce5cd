"""What the programs of a grader's cases come to in the sandbox of this machine."""

from app.admission.claim import Claim
from app.auth import ANONYMOUS
from app.commands.judging import case_judge
from app.metrics import Metrics
from app.programs import Programs, sandbox_settings
from app.settings import Settings
from graders.api import Execution
from graders.proof import same_each_time
from graders.version import Version


async def execute_cases(version: Version, settings: Settings) -> dict[str, tuple[Execution, ...]]:
    """By name, the executions of each case's programs, without what differs each time; none where the plan asks for
    none, or refuses the case.

    Raises:
        ServiceError: a program could not be run.
    """
    programs = Programs(sandbox_settings(settings), Metrics())
    found = {}
    try:
        async with case_judge(settings) as judge:
            for case in version.cases:
                plan = await judge(version, case, is_plan=True)
                wanted = plan if isinstance(plan, list) else []
                claim = Claim.within(settings.deadline_s, ANONYMOUS)
                executions = await programs.run(wanted, claim) if wanted else []
                found[case.name] = tuple(map(same_each_time, executions))
    finally:
        await programs.close()
    return found
