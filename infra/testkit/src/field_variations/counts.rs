//! Books and positions, each once for every field with that field changed.

use domain::event::{Offset, Partition};
use domain::rows::{Books, BooksKey, BooksRow, HeldOrg, PositionRow};

use super::Other;

impl Other<'_> {
    pub(super) fn books(&self) -> Vec<BooksRow> {
        let row = self.0.books(1);
        let keys = each_field!(row.key.clone(), BooksKey { org: self.0.org(9), partition: Partition(1) });
        let books = each_field!(
            row.books,
            Books {
                read: 101,
                applied: 102,
                duplicate: 103,
                conflict: 104,
                refused: 105,
                dead_lettered: 106,
                parked: 107
            }
        );
        let as_ofs = self.as_ofs(row.as_of);
        let mut rows =
            each_field!(row.clone(), BooksRow { key: keys[1].clone(), books: books[1], as_of: as_ofs[1] });
        rows.push(BooksRow { key: keys[2].clone(), ..row.clone() });
        rows.extend(books.into_iter().skip(2).map(|books| BooksRow { books, ..row.clone() }));
        rows.extend(as_ofs.into_iter().skip(2).map(|as_of| BooksRow { as_of, ..row.clone() }));
        rows
    }

    pub(super) fn positions(&self) -> Vec<PositionRow> {
        let s = self.0;
        let held = HeldOrg { org: s.org(0), from: Offset(1) };
        let helds = each_field!(held.clone(), HeldOrg { org: s.org(9), from: Offset(2) });
        let row = PositionRow { held: Vec::new(), ..s.position(1) };
        let mut rows = each_field!(
            row.clone(),
            PositionRow {
                topic_id: s.topic(9),
                partition: Partition(9),
                next: Offset(99),
                last_event_id: None,
                held: vec![held],
            }
        );
        let more = helds.clone().into_iter().skip(1).map(|of| vec![of]).chain([helds]).zip(20..);
        rows.extend(more.map(|(held, n)| PositionRow { held, partition: Partition(n), ..row.clone() }));
        rows
    }
}
