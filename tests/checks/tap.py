# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the functions test_... of a check, and tells meson what came of them."""


def run_tests(functions):
    """functions: the check's globals(). Returns whether one failed."""
    tests = [function for name, function in sorted(functions.items()) if name.startswith("test_")]
    failed = False
    print("1..%d" % len(tests))
    for number, function in enumerate(tests, 1):
        try:
            function()
            print("ok %d %s" % (number, function.__name__))
        except AssertionError as fault:
            failed = True
            print("not ok %d %s" % (number, function.__name__))
            print("\n".join("# " + line for line in str(fault).splitlines()))
    return failed
