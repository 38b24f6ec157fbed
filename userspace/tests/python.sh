#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Python module, by the Python that numpy is packaged for. python.sh BUILD
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH=$1 PYTHONPATH=$here/../python PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$here/python/unit.py"
