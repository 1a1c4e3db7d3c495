//! The numbers of topic ids: given once each, by lightweight transactions.

use domain::event::TopicId;
use domain::ports::StoreError;
use domain::rows::{EPOCH_LIMIT, Epoch};

use super::CqlViews;
use super::global_statements::ONLY;
use crate::statement::Cell;

/// Gives the topic the lowest number that none has. A number is taken only after every lower one was read
/// and was another topic's, so no topic has two; and the row of a number is inserted once, so no number has
/// two topics.
pub(super) async fn claim_epoch(views: &CqlViews, topic_id: TopicId) -> Result<Epoch, StoreError> {
    let statements = views.statements().await?;
    // Whoever loses reads at least one row more than before.
    for _ in 0..=EPOCH_LIMIT {
        let rows = views.session.rows(&statements.epochs, &[ONLY]).await?;
        let decode = || StoreError::Corrupt("an epoch's row that cannot be read".to_owned());
        let mut next = 1;
        for row in rows.rows::<(i32, &[u8])>().map_err(|_| decode())? {
            let (epoch, topic) = row.map_err(|_| decode())?;
            let epoch = u32::try_from(epoch).map_err(|_| decode())?;
            if *topic == topic_id.0 {
                return Ok(Epoch(epoch));
            }
            next = next.max(epoch + 1);
        }
        if next >= EPOCH_LIMIT {
            return Err(StoreError::Corrupt(format!(
                "{} topics have written here, and a store has room for {}: rebuild into a new keyspace",
                next - 1,
                EPOCH_LIMIT - 1
            )));
        }
        let claim = [ONLY, Cell::Int(next as i32), Cell::topic(topic_id)];
        if views.session.decide(&statements.claim, &claim).await?.applied {
            return Ok(Epoch(next));
        }
    }
    Err(StoreError::Unavailable("epoch_claim: others were always first".to_owned()))
}
