"""scripts/gallery: a transcript that keeps the wrong lines, or a number in bold that nothing prints, has to be seen."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "scripts/gallery"
LOADER = importlib.machinery.SourceFileLoader("gallery", str(SCRIPT))
gallery = importlib.util.module_from_spec(importlib.util.spec_from_loader("gallery", LOADER))
sys.dont_write_bytecode = True
LOADER.exec_module(gallery)

# Prints a table and a sentence, which is wrapped where there is little room; CSV with --format.
PROGRAM = """#!/bin/sh
[ "$1" = fail ] && { echo "what is wrong"; exit 2; }
[ "$1" = csv ] && { printf 'name,launches,time_s\\n"a,b",9,0.5\\ncd,1000,0.25\\n'; exit 0; }
echo "          time"
echo "total     30 us"
echo "  part    20 us"
echo
if [ "$COLUMNS" -gt 100 ]; then echo "part takes 66.7 % of the time."; else printf 'part takes 66.7 %%\\n  of the time.\\n'; fi
"""
PAGE = """# Title
## One
It takes **30 us**, *99* as the document says, of **Document 002** and **one
more**.
<!-- transcript: analyze x -->
total     30 us and 1,234.5
<!-- end -->
## Two
Here **1,234** and
**30 us** are not printed, **66.7 % of the time** is.
<!-- transcript: analyze x -->
$ analyze 30 us
part takes 66.7 %
  of the time.
<!-- end -->
"""


class Transcripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = pathlib.Path(folder.name) / "program"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    def lines(self, directive):
        text = gallery.transcript(self.program, directive)
        self.assertTrue(text.startswith("```console\n$ analyze " + directive.split(" | ")[0] + "\n"))
        self.assertTrue(text.endswith("\n```\n"))
        return text.splitlines()[2:-1]

    def test_everything_without_keep(self):
        self.assertEqual(len(self.lines("x")), 6)

    def test_a_wrapped_sentence_is_one_line(self):
        self.assertEqual(self.lines("x | keep: 66.7 % of"), ["part takes 66.7 %", "  of the time."])

    def test_rows_of_a_table_are_not_joined(self):
        self.assertEqual(self.lines("x | keep: ^total|^ +time"), ["          time", "total     30 us"])

    def test_every_pattern_matches_a_line(self):
        with self.assertRaisesRegex(gallery.PageError, "no line matches nowhere"):
            self.lines("x | keep: total|nowhere")

    def test_columns_of_csv(self):
        self.assertEqual(self.lines("csv | columns: name,launches"), ["name  launches", "a,b          9", "cd       1,000"])
        self.assertEqual(self.lines("csv | keep: ^cd | columns: launches,name"), ["launches  name", "   1,000  cd"])
        with self.assertRaisesRegex(gallery.PageError, "no column flop in name, launches, time_s"):
            self.lines("csv | columns: flop")

    def test_a_failing_command_has_to_be_marked(self):
        with self.assertRaisesRegex(gallery.PageError, "exit code 2, not 0"):
            self.lines("fail")
        with self.assertRaisesRegex(gallery.PageError, "exit code 0, not 2"):
            self.lines("x | exit: 2")
        self.assertEqual(self.lines("fail | exit: 2"), ["what is wrong"])


class Numbers(unittest.TestCase):
    def test_bold_numbers_are_printed_in_their_section(self):
        self.assertEqual(gallery.unfounded_numbers(PAGE), [(9, "1,234"), (10, "30 us")])


if __name__ == "__main__":
    unittest.main()
