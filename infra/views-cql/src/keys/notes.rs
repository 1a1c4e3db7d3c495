//! Notes beside the key rows: the port KeyNotes. One row a note; what the texts mean is their writers'.

use async_trait::async_trait;
use domain::ports::{KeyNotes, StoreError};

use super::CqlKeys;
use crate::statement::Cell;

#[async_trait]
impl KeyNotes for CqlKeys {
    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let statements = self.statements().await?;
        let row = self.session.first::<(String,)>(&statements.note, &[Cell::Text(name.to_owned())]).await?;
        Ok(row.map(|(text,)| text))
    }

    async fn change_note(&self, name: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        let text = |text: &str| Cell::Text(text.to_owned());
        let name_cell = text(name);
        let decided = match old {
            None => self.session.decide(&statements.note_first, &[name_cell, text(new)]).await?,
            Some(old) => {
                self.session.decide(&statements.note_next, &[text(new), name_cell, text(old)]).await?
            }
        };
        // A try before may have been the one that counted.
        Ok(decided.applied || (decided.repeated && self.note(name).await?.as_deref() == Some(new)))
    }
}
