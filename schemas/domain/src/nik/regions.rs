//! Which provinces, regencies and districts there are or were, by code. The table is text that a person can look through,
//! made by `cargo xtask regions`; it becomes numbers when this is compiled. Not here: what an unknown code means.

/// As `cargo xtask regions` wrote it: comments, then a line for each province, and for each regency with its districts.
const TABLE: &str = include_str!("regions.txt");

/// The edition of the table, as its own head says it: kept with what was decided by it.
pub const REGIONS_EDITION: &str = "300.2.2-2138/2025 and before";

/// Every code as six digits, `PPKKCC` with zeroes for what is not named, in their order.
static CODES: [u32; count(TABLE.as_bytes())] = parse(TABLE.as_bytes());

/// Whether a code of six digits is in the table.
pub(super) fn is_known(code: u32) -> bool {
    CODES.binary_search(&code).is_ok()
}

/// Where the next line begins.
const fn line_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'\n' {
        at += 1;
    }
    at + 1
}

/// How many codes the table holds: words of the lines that are no comments.
const fn count(bytes: &[u8]) -> usize {
    let (mut at, mut words) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'#' {
            at = line_end(bytes, at);
            continue;
        }
        if bytes[at] == b' ' || bytes[at] == b'\n' {
            words += 1;
        }
        at += 1;
    }
    words
}

/// The codes, in the table's order, which is theirs. A table that is not as it should be does not compile.
const fn parse<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut codes = [0; N];
    let (mut at, mut found) = (0, 0);
    // The regency that a line's districts lie in, and the digits of the word at hand.
    let (mut regency, mut number, mut digits) = (0, 0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'#' {
            at = line_end(bytes, at);
            continue;
        }
        if byte == b' ' || byte == b'\n' {
            codes[found] = match digits {
                2 if regency == 0 => number * 10_000,
                2 => regency + number,
                4 => {
                    regency = number * 100;
                    regency
                }
                _ => panic!("a word of the table has neither two digits nor four"),
            };
            assert!(found == 0 || codes[found - 1] < codes[found], "the table is not in order");
            found += 1;
            (number, digits) = (0, 0);
            if byte == b'\n' {
                regency = 0;
            }
        } else {
            assert!(byte.is_ascii_digit(), "a word of the table is no number");
            number = number * 10 + (byte - b'0') as u32;
            digits += 1;
        }
        at += 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_which_edition_it_is() {
        let line = TABLE.lines().find_map(|line| line.strip_prefix("# edition: "));
        assert_eq!(line, Some(REGIONS_EDITION));
    }

    /// 38 provinces, 514 regencies and 7,285 districts of the edition, and those that earlier ones had besides.
    #[test]
    fn it_holds_the_edition_and_what_went_before() {
        let of = |within: u32| CODES.iter().filter(|code| *code % within == 0).count();
        let (provinces, with_regencies) = (of(10_000), of(100));
        assert_eq!((provinces, with_regencies - provinces, CODES.len() - with_regencies), (39, 540, 7_873));
        for code in [110_000, 317_100, 317_101, 960_000, 540_000, 910_100] {
            assert!(is_known(code), "{code}");
        }
        for code in [0, 100_000, 200_000, 317_199, 370_000, 540_100, 990_000, u32::MAX] {
            assert!(!is_known(code), "{code}");
        }
    }

    /// Whoever edits it by hand leaves something that `parse` refuses or that is not whole.
    #[test]
    fn every_district_lies_in_a_regency_and_every_regency_in_a_province() {
        for code in CODES {
            assert!(is_known(code / 100 * 100) && is_known(code / 10_000 * 10_000), "{code}");
        }
    }
}
