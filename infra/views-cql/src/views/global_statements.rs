//! The prepared statements of what has no generation: numbers of topic ids, the pointer, what instances say.

use domain::ports::StoreError;
use tokio::sync::OnceCell;

use super::CqlViews;
use crate::session::Use;
use crate::statement::{Cell, Statement};

/// Everything without a generation has one row, or one partition.
pub(super) const ONLY: Cell = Cell::Int(0);

macro_rules! statements {
    ($($name:ident: $used:ident = $text:expr;)*) => {
        pub(super) struct GlobalStatements {
            $(pub(super) $name: Statement,)*
        }

        impl CqlViews {
            pub(super) async fn statements(&self) -> Result<&GlobalStatements, StoreError> {
                init(&self.global, async {
                    let session = &self.session;
                    let names = session.names();
                    Ok(GlobalStatements {
                        $($name: session.prepare(stringify!($name), &names.fill($text), Use::$used).await?,)*
                    })
                })
                .await
            }
        }
    };
}

statements! {
    epochs: SerialRead = "SELECT epoch, topic_id FROM {views}.epochs WHERE only = ?";
    claim: Conditional = "INSERT INTO {views}.epochs (only, epoch, topic_id) VALUES (?, ?, ?) IF NOT EXISTS";
    pointer: Idempotent = "SELECT generation, handover FROM {views}.pointer WHERE only = ?";
    pointer_decided: SerialRead = "SELECT generation, handover FROM {views}.pointer WHERE only = ?";
    point_first: Conditional =
        "INSERT INTO {views}.pointer (only, generation, handover) VALUES (?, ?, ?) IF NOT EXISTS";
    point: Conditional =
        "UPDATE {views}.pointer SET generation = ?, handover = ? WHERE only = ? IF handover = ?";
    say: Idempotent = "INSERT INTO {views}.instances (only, instance, version, beat)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";
    said_at: Idempotent =
        "SELECT writetime(beat) FROM {views}.instances WHERE only = ? AND instance = ?";
    leave: Idempotent = "DELETE FROM {views}.instances USING TIMESTAMP ? WHERE only = ? AND instance = ?";
    said: Idempotent = "SELECT instance, version, beat FROM {views}.instances WHERE only = ?";
}

/// Runs once however many ask; a failure is not kept.
pub(crate) async fn init<T>(
    cell: &OnceCell<T>,
    make: impl Future<Output = Result<T, StoreError>>,
) -> Result<&T, StoreError> {
    cell.get_or_try_init(|| make).await
}
