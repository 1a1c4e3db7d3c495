//! What every store of face vectors must do. Each case names its own customers, models and topics, so all of them may run
//! at once in one database that outlives the run.

use std::sync::Arc;

use domain::event::{Offset, Partition};
use domain::limits::FACE_VECTORS_READ_MAX;
use domain::ports::{FaceCause, FaceModelId, FaceVectorRow, FaceVectors};
use domain::rows::{HeldOrg, PositionRow, WriteTimestamp};
use futures::future::join_all;

use crate::samples::{EPOCH, Samples};

/// The store.
pub type FaceStore = Arc<dyn FaceVectors>;

fn upsert(offset: u64) -> WriteTimestamp {
    WriteTimestamp::upsert(EPOCH, Offset(offset))
}

fn delete(offset: u64) -> WriteTimestamp {
    WriteTimestamp::delete(EPOCH, Offset(offset))
}

async fn put(faces: &FaceStore, offset: u64, row: &FaceVectorRow) {
    faces.put(upsert(offset), row).await.expect("written");
}

async fn of(faces: &FaceStore, s: &Samples, customer: u64) -> Vec<FaceVectorRow> {
    faces.of_customer(&s.customer(customer), None).await.expect("read")
}

/// With every field, and without what may be missing.
pub async fn every_vector_comes_back_as_it_was_written(faces: &FaceStore, s: &Samples) {
    for (row, n) in s.face_vectors_changed().into_iter().zip(0..) {
        // The row's key is its own: a customer, a model and a timestamp.
        let mut expected = faces.of_customer(&row.customer, None).await.expect("read");
        put(faces, n, &row).await;
        expected.insert(0, row.clone());
        assert_eq!(faces.of_customer(&row.customer, None).await.expect("read"), expected);
    }
    let bare = FaceVectorRow {
        vector: None,
        crop: None,
        quality: None,
        cause: Some(FaceCause::NoFace),
        ..s.face_vector(&s.customer(7), 1)
    };
    put(faces, 1, &bare).await;
    assert_eq!(of(faces, s, 7).await, [bare]);
    assert_eq!(of(faces, s, 8).await, []);
}

/// Those of later events first, and of one event every model's.
pub async fn rows_of_later_events_come_first(faces: &FaceStore, s: &Samples) {
    let row = |offset, model| FaceVectorRow {
        model: s.face_model(model),
        source: s.source(0, offset),
        ..s.face_vector(&s.customer(0), offset)
    };
    for (offset, model) in [(5, 1), (9, 1), (2, 1), (9, 2)] {
        put(faces, offset, &row(offset, model)).await;
    }
    put(faces, 7, &s.face_vector(&s.customer(1), 7)).await;
    let found = of(faces, s, 0).await;
    let offsets: Vec<u64> = found.iter().map(|row| row.source.offset.0).collect();
    assert_eq!(offsets, [9, 9, 5, 2]);
    assert!(found.contains(&row(9, 1)) && found.contains(&row(9, 2)));
}

/// However many there are, the latest are read and no more.
pub async fn what_is_read_of_a_customer_is_bounded(faces: &FaceStore, s: &Samples) {
    let count = FACE_VECTORS_READ_MAX as u64 + 20;
    let rows: Vec<FaceVectorRow> = (0..count).map(|n| s.face_vector(&s.customer(0), n)).collect();
    let writes = (0..).zip(&rows).map(|(n, row)| put(faces, n, row));
    join_all(writes).await;
    let found = of(faces, s, 0).await;
    assert_eq!(found.len(), FACE_VECTORS_READ_MAX);
    assert_eq!(found.first(), rows.last());
}

/// However many came after them, the photos that are asked for are found; and nobody else's.
pub async fn photos_are_found_among_any_number(faces: &FaceStore, s: &Samples) {
    let row = |customer, offset| FaceVectorRow {
        source: s.source(0, offset),
        ..s.face_vector(&s.customer(customer), offset)
    };
    let count = FACE_VECTORS_READ_MAX as u64 + 20;
    let rows: Vec<FaceVectorRow> = (0..count).map(|n| row(0, n)).collect();
    join_all((0..).zip(&rows).map(|(n, row)| put(faces, n, row))).await;
    let other_model = FaceVectorRow { model: s.face_model(2), ..row(0, 1) };
    put(faces, 1, &other_model).await;
    put(faces, 1, &row(1, 1)).await;
    let asked = [s.source(0, 1), s.source(0, 7), s.source(0, count)];
    let found = faces.of_customer(&s.customer(0), Some(&asked)).await.expect("read");
    assert_eq!(found.first(), Some(&rows[7]));
    assert_eq!(found.len(), 3);
    assert!(found.contains(&rows[1]) && found.contains(&other_model));
    assert_eq!(faces.of_customer(&s.customer(0), Some(&[])).await.expect("read"), []);
}

/// The same again comes to the same.
pub async fn a_vector_written_twice_is_there_once(faces: &FaceStore, s: &Samples) {
    let row = s.face_vector(&s.customer(0), 3);
    for _ in 0..3 {
        put(faces, 3, &row).await;
    }
    assert_eq!(of(faces, s, 0).await, [row]);
}

/// Every reference and model of the customer that came before, nobody else's, and nothing that came after.
pub async fn an_erasure_deletes_the_vectors_written_before_it(faces: &FaceStore, s: &Samples) {
    let other_model = FaceVectorRow { model: s.face_model(2), ..s.face_vector(&s.customer(0), 4) };
    put(faces, 3, &s.face_vector(&s.customer(0), 3)).await;
    put(faces, 4, &other_model).await;
    put(faces, 11, &s.face_vector(&s.customer(0), 11)).await;
    put(faces, 5, &s.face_vector(&s.customer(1), 5)).await;
    faces.erase(delete(10), &s.customer(0)).await.expect("erased");
    assert_eq!(of(faces, s, 0).await, [s.face_vector(&s.customer(0), 11)]);
    assert_eq!(of(faces, s, 1).await, [s.face_vector(&s.customer(1), 5)]);
    faces.erase(delete(12), &s.customer(0)).await.expect("erased");
    assert_eq!(of(faces, s, 0).await, []);
}

/// The tombstone stays: neither a late row of before nor an older erasure after a newer one gets past it.
pub async fn an_erasure_keeps_late_and_older_vectors_away(faces: &FaceStore, s: &Samples) {
    let customer = s.customer(0);
    faces.erase(delete(10), &customer).await.expect("erased");
    faces.erase(delete(5), &customer).await.expect("erased");
    put(faces, 9, &s.face_vector(&customer, 9)).await;
    assert_eq!(of(faces, s, 0).await, []);
    put(faces, 11, &s.face_vector(&customer, 11)).await;
    // The same erasure again, by a redelivery, spares what came after it.
    faces.erase(delete(10), &customer).await.expect("erased");
    assert_eq!(of(faces, s, 0).await, [s.face_vector(&customer, 11)]);
}

/// By model, topic and partition; each moves alone, and never back to a write of before.
pub async fn positions_are_a_models_own_and_do_not_go_back(faces: &FaceStore, s: &Samples) {
    let (model, other) = (s.face_model(1), s.face_model(2));
    let position = |n: u64, held: bool| {
        let held = if held { vec![HeldOrg { org: s.org(3), from: Offset(1) }] } else { Vec::new() };
        let (topic_id, partition) = (s.topic(0), Partition(2));
        PositionRow { topic_id, partition, next: Offset(n), last_event_id: Some(s.event_id(n)), held }
    };
    let read = async |model| faces.position(model, s.topic(0), Partition(2)).await.expect("read");
    assert_eq!(read(&model).await, None);
    faces.move_position(upsert(5), &model, &position(6, true)).await.expect("moved");
    assert_eq!(read(&model).await, Some(position(6, true)));
    assert_eq!(read(&other).await, None);
    for (topic, partition) in [(s.topic(1), Partition(2)), (s.topic(0), Partition(1))] {
        assert_eq!(faces.position(&model, topic, partition).await.expect("read"), None);
    }
    faces.move_position(upsert(3), &model, &position(4, false)).await.expect("ignored");
    assert_eq!(read(&model).await, Some(position(6, true)));
    // Nobody is held any more: between that write and the one of the next event.
    faces.move_position(delete(6), &model, &position(6, false)).await.expect("moved");
    assert_eq!(read(&model).await, Some(position(6, false)));
    faces.move_position(upsert(0), &other, &position(1, false)).await.expect("moved");
    assert_eq!(read(&other).await, Some(position(1, false)));
    assert_eq!(read(&model).await, Some(position(6, false)));
    let all = faces.positions(s.topic(0)).await.expect("read");
    let expected = [(other.clone(), position(1, false)), (model.clone(), position(6, false))];
    assert!(expected.iter().all(|one| all.contains(one)) && all.len() == 2, "{all:?}");
    assert_eq!(faces.positions(s.topic(1)).await.expect("read"), []);
    // The same name with another file is another model.
    let other_file = FaceModelId { sha256: other.sha256, ..model.clone() };
    assert_eq!(read(&other_file).await, None);
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an `async fn() -> (FaceStore, K)` that opens a store;
/// `K` is kept until the case is done (a temporary folder, a running server).
#[macro_export]
macro_rules! face_vectors_suite {
    ($stores:path) => {
        $crate::face_vectors_suite! { $stores;
            every_vector_comes_back_as_it_was_written,
            rows_of_later_events_come_first,
            what_is_read_of_a_customer_is_bounded,
            photos_are_found_among_any_number,
            a_vector_written_twice_is_there_once,
            an_erasure_deletes_the_vectors_written_before_it,
            an_erasure_keeps_late_and_older_vectors_away,
            positions_are_a_models_own_and_do_not_go_back,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (faces, _keep) = $stores().await;
                $crate::face_vectors_suite::$case(&faces, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}
