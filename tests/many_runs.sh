#!/bin/sh
# Runs the seeded runs of faults, kills and clocks many times over: 2,000, or as many as are named.
set -eu
cd "$(dirname "$0")/.."
PLAINT_TEST_RUNS="${1:-2000}" exec cargo test --test main -- killed::seeded --nocapture
