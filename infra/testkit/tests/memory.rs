//! The adapters in memory hold to the same contracts as every other: a simulation over them means something.

use std::sync::Arc;

use testkit::access_suite::AccessStore;
use testkit::face_vectors_suite::FaceStore;
use testkit::generations_suite::GenerationStores;
use testkit::keys_suite::KeyStores;
use testkit::log_suite::LogSubject;
use testkit::memory::{MemoryFaceVectors, MemoryKeys, MemoryLog, MemoryStaff, MemoryViews};
use testkit::review_keys_suite::ReviewStore;
use testkit::staff_suite::StaffStores;
use testkit::views_suite::ViewStores;

mod views {
    use super::*;

    async fn stores() -> (ViewStores, ()) {
        let views = Arc::new(MemoryViews::default());
        (
            ViewStores {
                projection: views.clone(),
                views: views.clone(),
                counts: views.clone(),
                rechecks: views,
            },
            (),
        )
    }

    testkit::views_suite!(stores);
}

mod staff {
    use super::*;

    async fn stores() -> (StaffStores, ()) {
        let staff = Arc::new(MemoryStaff::default());
        (StaffStores { accounts: staff.clone(), sessions: staff }, ())
    }

    testkit::staff_suite!(stores);
}

mod generations {
    use super::*;

    async fn stores() -> (GenerationStores, ()) {
        let views = Arc::new(MemoryViews::default());
        let stores = GenerationStores {
            projection: views.clone(),
            views: views.clone(),
            generations: views.clone(),
            inspection: views,
        };
        (stores, ())
    }

    testkit::generations_suite!(stores);
}

mod faces {
    use super::*;

    async fn stores() -> (FaceStore, ()) {
        (Arc::new(MemoryFaceVectors::default()), ())
    }

    testkit::face_vectors_suite!(stores);
}

mod access {
    use super::*;

    async fn stores() -> (AccessStore, ()) {
        (Arc::new(MemoryKeys::default()), ())
    }

    testkit::access_suite!(stores);
}

mod reviews {
    use super::*;

    async fn store() -> (ReviewStore, ()) {
        (Arc::new(MemoryKeys::default()), ())
    }

    testkit::review_keys_suite!(store);
}

mod keys {
    use super::*;

    async fn stores() -> (KeyStores, ()) {
        let keys = Arc::new(MemoryKeys::default());
        (KeyStores { rows: keys.clone(), external_ids: keys.clone(), notes: keys }, ())
    }

    testkit::keys_suite!(stores);
}

mod log {
    use super::*;

    async fn subject() -> LogSubject {
        // Three partitions: enough that some are empty and some share a batch.
        LogSubject { log: Arc::new(MemoryLog::new(3)), reopen: None, keep: Box::new(()) }
    }

    testkit::log_contract!(subject);
}
