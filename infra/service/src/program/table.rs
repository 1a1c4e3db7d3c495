//! Tables for people: a head for each column, columns as wide as they need to be, numbers to the right.

/// Between two columns.
const GAP: &str = "  ";

/// A table as text; the last column is not padded.
pub fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let cells = |column: usize| rows.iter().map(move |row| row[column].as_str());
    let columns: [(usize, bool); N] = std::array::from_fn(|column| {
        let width = cells(column).chain([heads[column]]).map(|cell| cell.chars().count()).max();
        let number = |cell: &str| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
        (width.unwrap_or_default(), !rows.is_empty() && cells(column).all(number))
    });
    let mut text = String::new();
    let mut line = |row: [&str; N]| {
        let padded = row.iter().zip(columns).map(|(cell, (width, number))| {
            if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text += padded.collect::<Vec<_>>().join(GAP).trim_end();
        text += "\n";
    };
    line(heads);
    for row in &rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_heads_and_line_up() {
        let row = |name: &str, count: &str, note: &str| [name.to_owned(), count.to_owned(), note.to_owned()];
        let rows = [row("Bank", "7", ""), row("Bank Contoh", "120", "a note")];
        let wanted = "name         count  note\n\
                      Bank             7\n\
                      Bank Contoh    120  a note\n";
        assert_eq!(table(["name", "count", "note"], rows), wanted);
        assert_eq!(table(["name", "count"], []), "name  count\n");
    }
}
