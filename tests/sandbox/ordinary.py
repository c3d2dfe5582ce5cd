"""Runs a command as an ordinary user, or in what an ordinary container is: `python ordinary.py PROFILE COMMAND ...`.

PROFILE is `-`, or the file of Docker's default seccomp profile. The user is `nobody`, without capabilities and with
no_new_privs; the profile is loaded through libseccomp, for x86-64 or arm64 and for a container without capabilities.
"""

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534
_PR_SET_NO_NEW_PRIVS = 38
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001
_OPERATORS = {"SCMP_CMP_LT": 2, "SCMP_CMP_EQ": 4, "SCMP_CMP_GT": 6, "SCMP_CMP_MASKED_EQ": 7}
_ARCHITECTURES = {"x86_64": {"amd64", "x32"}, "aarch64": {"arm64"}}


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def main() -> None:
    profile, command = sys.argv[1], sys.argv[2:]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if profile != "-":
        _load(json.loads(Path(profile).read_text()))
    os.execvp(command[0], command)


def _load(profile: dict[str, Any]) -> None:
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(_EPERM))
    for rule in profile["syscalls"]:
        if not _applies(rule):
            continue
        action = _ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else 0x00050000 | rule.get("errnoRet", 1)
        arguments = [
            _Comparison(arg["index"], _OPERATORS[arg["op"]], arg["value"], arg.get("valueTwo", 0))
            for arg in rule.get("args") or ()
        ]
        for name in rule["names"]:
            number = seccomp.seccomp_syscall_resolve_name(name.encode())
            # A rule that repeats the default is refused, and a name of another architecture has no number here.
            if number >= 0 and action != _EPERM:
                array = (_Comparison * len(arguments))(*arguments)
                assert seccomp.seccomp_rule_add_array(context, action, number, len(arguments), array) == 0, name
    assert seccomp.seccomp_load(context) == 0


def _applies(rule: dict[str, Any]) -> bool:
    """Whether the rule counts in a container that has no capability, on a kernel of 4.8 or later."""
    here = _ARCHITECTURES[os.uname().machine]
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    return not (
        wanted.get("caps")
        or ("arches" in wanted and not here & set(wanted["arches"]))
        or ("arches" in unwanted and here & set(unwanted["arches"]))
    )


if __name__ == "__main__":
    main()
