"""What a test reads of a program that it has started is all that the program wrote."""

import subprocess
import unittest

from started import Started


class StartedTest(unittest.TestCase):
    def start(self, script):
        return Started(["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_lines_that_came_in_one_piece_are_not_lost(self):
        program = self.start("seq 1 1000; echo talk >&2")
        first = [program.stdout.readline() for _ in range(5)]
        rest, talk = program.communicate(timeout=60)
        self.assertEqual(first + rest.splitlines(keepends=True), [f"{i}\n" for i in range(1, 1001)])
        self.assertEqual(talk, "talk\n")
        self.assertEqual(program.returncode, 0)

    def test_more_than_a_pipe_holds_on_both_streams(self):
        program = self.start("seq 1 50000 >&2; seq 1 50000")
        rest, talk = program.communicate(timeout=60)
        self.assertEqual(len(rest.splitlines()), 50000)
        self.assertEqual(len(talk.splitlines()), 50000)

    def test_who_does_not_end_in_time_is_killed(self):
        program = self.start("exec sleep 1000")
        with self.assertRaises(subprocess.TimeoutExpired):
            program.communicate(timeout=0.2)
        self.assertEqual(program.communicate(), (None, None))
        self.assertNotEqual(program.returncode, 0)


if __name__ == "__main__":
    unittest.main()
