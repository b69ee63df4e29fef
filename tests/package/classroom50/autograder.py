#!/usr/bin/env python3
"""Run by Classroom 50 for each submission, with the student's checkout as working directory.

Builds the kit that lies beside this file, lets lab-grade find, build and check the programs, and
writes ./result.json and ./release-body.md, the student's report. An assignment whose name begins
with an exercise's number or holds its name (`02-zombie`, `lab-02-zombie`) is that exercise alone.
Ends with 0, unless the grading itself broke.

    LAB_BUILD=DIR   do not build, use what is built in DIR (the kit's own tests do)
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KIT = pathlib.Path(__file__).resolve().parent


def built(folder):
    """The folder of the kit's build, which has lab-grade."""
    if os.environ.get("LAB_BUILD"):
        return pathlib.Path(os.environ["LAB_BUILD"])
    build = folder / "build"
    jobs = min(os.cpu_count() or 2, 4)  # each compiler takes up to 300 MB
    for command in (
        ["cmake", "-S", KIT, "-B", build],
        ["cmake", "--build", build, "--parallel", str(jobs), "--target", "lab-grade"],
    ):
        subprocess.run(command, check=True, stdout=sys.stderr)
    return build


def exercise_of(assignment):
    """The folder of the exercise that the assignment is, or None for all of them."""
    for folder in sorted(path.name for path in (KIT / "exercises").glob("[0-9][0-9]-*")):
        if folder in assignment or re.match(re.escape(folder[:2]) + r"(\D|$)", assignment):
            return folder
    return None


def main():
    environment = os.environ
    checkout = pathlib.Path.cwd()
    exercise = exercise_of(environment["ASSIGNMENT"])
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        grade = built(work) / "bin" / "lab-grade"
        command = [grade, "--marks", KIT / "tests" / "marks.txt", "--out", work / "out", checkout]
        if exercise is not None:
            command[1:1] = ["--only", exercise[:2]]
        subprocess.run(command, check=True, stdout=sys.stderr)
        (student,) = (work / "out" / "students").iterdir()
        results = json.loads((student / "results.json").read_text(encoding="utf-8"))
        report = (student / "report.md").read_text(encoding="utf-8")
    tests = [
        {
            "test-name": test["name"],
            "passed": test["status"] == "passed",
            "score": test["score"],
            "max-score": test["max_score"],
        }
        for test in results["tests"]
    ]
    result = {
        "schema": "classroom50/result/v1",
        "classroom": environment["CLASSROOM"],
        "assignment": environment["ASSIGNMENT"],
        "submission": environment["SUBMISSION_TAG"],
        "commit": environment["COMMIT_URL"],
        "release": environment["RELEASE_URL"],
        "review": environment["REVIEW_URL"],
        "datetime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    for name, text in (
        ("result.json", json.dumps(result, ensure_ascii=False, indent=2) + "\n"),
        ("release-body.md", report),
    ):
        # The checkout is a student's: a link of that name is not followed.
        path = checkout / name
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
