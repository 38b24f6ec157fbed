#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# That every message of vmdevctl's failures, and of its preload library, is in a test, by
# its words: here, beside the parts they come from, or in the VM. messages.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"

cat >"$work/messages.py" <<'PYTHON'
import glob, re, sys
top = sys.argv[1]
STRING = r'"((?:\\.|[^"\\])*)"'
NAMES = {"PRIu64": '"u"', "PRIx64": '"x"', "PRIu32": '"u"', "VMDEV_SYSFS": '"/sys/kernel/vmdev"',
         "VMDEV_PATH": '"/dev/vmdev"', "AS_ROOT": '"run it as root"', "PRELOAD": '"the library"',
         "RUN_ENV": '"VMDEV_RUN"'}
DIRECTIVE = r"%[-0-9.*]*(?:ll|l|z)?[a-z]"
CALL = (r"\b(?:(?:ctl_fail|ctl_usage|wrong|refuse|space_say|die)\(|fprintf\(stderr,)"
        r"[^\";]*(?=\")")

# What would take a lack of memory at one moment, or a kernel that can't load the module.
UNTESTED = """
cannot start libkmod; is there free memory?
cannot look for module vmdev: %s; is /sys mounted?
out of memory; map a smaller space
%s: out of memory; end other programs
not enough memory; end other programs
the environment can't be set: %s; end other programs
no socket to listen on: %s; see 'ulimit -n'
no space on %s: %s; see 'dmesg'
this kernel has no syscall user dispatch, which fork needs; use 5.11 or newer on x86-64
""".strip().split("\n")

def unquote(text):
    return text.replace('\\"', '"').replace("\\n", "").replace("%%", "%")

def head(text):
    """What is wrong, without what to do about it, which many messages have in common."""
    return text.rpartition(";")[0] or text

def split(message):
    return re.split(DIRECTIVE, message)

def literals(text):
    """Each run of string literals that the compiler joins."""
    for match in re.finditer(rf"{STRING}(?:\s*{STRING})*", text):
        yield match.start(), "".join(re.findall(STRING, match.group(0)))

def read(*patterns):
    for pattern in patterns:
        for name in sorted(set(glob.glob(top + pattern)) - {top + "/userspace/tests/messages.sh"}):
            with open(name, errors="replace") as file:
                yield file.read()

def messages():
    for text in read("/userspace/vmdevctl/*.c", "/userspace/preload/*.c"):
        for name, value in NAMES.items():
            text = re.sub(rf"\b{name}\b", value, text)
        for match in re.finditer(CALL, text):
            start = match.end()
            # with CONDITION ? "one" : "another" it would be the first alone
            found = next(literals(text[start:]))
            assert found[0] == 0
            message = re.sub("^vmdevctl( run)?: ", "", unquote(found[1]))
            if message != "%s":
                yield message

shell = []
for text in read("/userspace/tests/*.sh", "/selftests/run/*[!.h]"):
    shell += re.sub(r"\\(.)", r"\1", text.replace("\\\n", "")).split("\n")
words = []
for text in read("/userspace/tests/*.c", "/userspace/tests/preload/*.c", "/selftests/tool/*.c"):
    for value, name in (("/dev/vmdev", "VT_DEVICE"), ("/dev/vmdev-", "VV_PREFIX")):
        text = re.sub(rf"\b{name}\b", f'"{value}"', text)
    words += [unquote(literal) for _, literal in literals(text)]
heads = {head(word) for word in words if len(head(word).strip()) >= 8}

def covers(word, before, after):
    """Does the word end the one and begin the other, with what a directive writes between?"""
    return any(before.endswith(word[:i]) and after.startswith(word[j:])
               for i in range(len(word)) if before.endswith(word[:i])
               for j in range(i, len(word) + 1) if i + len(word) - j >= 10)

def tested(message):
    pattern = ".*".join(map(re.escape, split(message)))
    fragments = split(head(message))
    return (any(re.search(pattern, text) for text in shell + words) or
            any(word.strip() in fragment for word in heads for fragment in fragments) or
            any(covers(word, *pair) for word in loose for pair in zip(fragments, fragments[1:])))

all_messages = set(messages())
parts = {part for message in all_messages for part in split(head(message))}
# "cannot read the pages" is no value of "cannot read %s"
loose = [word for word in heads if not any(word.strip() in part for part in parts)]
assert len(all_messages) > 100, len(all_messages)
missing = sorted(m for m in all_messages if m not in UNTESTED and not tested(m))
gone = sorted(set(UNTESTED) - all_messages)
print("\n".join(["untested: " + m for m in missing] + ["no message: " + m for m in gone]))
assert not tested("a message that %s made up; run it as root")
sys.exit(bool(missing or gone))
PYTHON
python "every message is in a test" "$here/../.." <"$work/messages.py"

echo "1..$count"
