//! A line of comma-separated values (RFC 4180), such that whatever opens it takes each cell for text.

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes cells and the line's end.
pub(crate) fn write(cells: &[&str], out: &mut String) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(cell, out);
    }
    out.push_str("\r\n");
}

/// A cell: quoted where a comma, a quote or a line's end is in it, and where it would be taken for a formula behind an
/// apostrophe, by which spreadsheets take it for text.
fn write_cell(cell: &str, out: &mut String) {
    let is_formula = cell.starts_with(FORMULA_STARTS);
    if !is_formula && !cell.contains([',', '"', '\r', '\n', '\t']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_to_whatever_opens_it() {
        for (cell, written) in [
            ("", ""),
            ("nik_dukcapil", "nik_dukcapil"),
            ("2026-11-29T00:00:00.000Z", "2026-11-29T00:00:00.000Z"),
            ("=1+1", "\"'=1+1\""),
            ("+62", "\"'+62\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("\rx", "\"'\rx\""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=\"x\"", "\"'=\"\"x\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("a=b", "a=b"),
        ] {
            let mut out = String::new();
            write_cell(cell, &mut out);
            assert_eq!(out, written, "{cell:?}");
        }
    }
}
