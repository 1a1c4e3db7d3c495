//! The ports' contracts. All cases of a suite share a keyspace, as they would share a server; where there is one
//! pointer in a store, each has a keyspace of its own.

use std::sync::Arc;

use domain::ports::{Generations, Inspection, Projection, Views};
use domain::rows::Generation;
use testkit::access_suite::AccessStore;
use testkit::face_vectors_suite::FaceStore;
use testkit::generations_suite::GenerationStores;
use testkit::keys_suite::KeyStores;
use testkit::memory::{MemoryFaceVectors, MemoryKeys, MemoryStaff, MemoryViews};
use testkit::review_keys_suite::ReviewStore;
use testkit::staff_suite::StaffStores;
use testkit::views_suite::ViewStores;
use tokio::sync::OnceCell;
use views_cql::{CqlFaceVectors, CqlKeys, CqlSession, CqlViews};

static SESSION: OnceCell<Arc<CqlSession>> = OnceCell::const_new();

async fn session() -> Arc<CqlSession> {
    let session = SESSION.get_or_init(async || {
        let session = crate::migrated("suites").await;
        session.ensure_generation(Generation(2)).await.expect("made");
        session
    });
    Arc::clone(session.await)
}

mod views {
    use super::*;

    async fn stores() -> (ViewStores, ()) {
        if crate::tools_missing() {
            let memory = Arc::new(MemoryViews::default());
            return (
                ViewStores {
                    projection: memory.clone(),
                    views: memory.clone(),
                    counts: memory.clone(),
                    niks: memory.clone(),
                    rechecks: memory,
                },
                (),
            );
        }
        let views = Arc::new(CqlViews::new(session().await));
        (
            ViewStores {
                projection: views.clone(),
                views: views.clone(),
                counts: views.clone(),
                niks: views.clone(),
                rechecks: views,
            },
            (),
        )
    }

    testkit::views_suite!(stores);
}

mod faces {
    use super::*;

    async fn stores() -> (FaceStore, ()) {
        if crate::tools_missing() {
            return (Arc::new(MemoryFaceVectors::default()), ());
        }
        (Arc::new(CqlFaceVectors::new(session().await)), ())
    }

    testkit::face_vectors_suite!(stores);
}

mod access {
    use super::*;

    async fn stores() -> (AccessStore, ()) {
        if crate::tools_missing() {
            return (Arc::new(MemoryKeys::default()), ());
        }
        (Arc::new(CqlKeys::new(session().await)), ())
    }

    testkit::access_suite!(stores);
}

mod reviews {
    use super::*;

    async fn store() -> (ReviewStore, ()) {
        if crate::tools_missing() {
            return (Arc::new(MemoryKeys::default()), ());
        }
        (Arc::new(CqlKeys::new(session().await)), ())
    }

    testkit::review_keys_suite!(store);
}

mod keys {
    use super::*;

    async fn stores() -> (KeyStores, ()) {
        if crate::tools_missing() {
            let memory = Arc::new(MemoryKeys::default());
            return (KeyStores { rows: memory.clone(), external_ids: memory.clone(), notes: memory }, ());
        }
        let keys = Arc::new(CqlKeys::new(session().await));
        (KeyStores { rows: keys.clone(), external_ids: keys.clone(), notes: keys }, ())
    }

    testkit::keys_suite!(stores);
}

mod staff {
    use super::*;

    async fn stores() -> (StaffStores, ()) {
        if crate::tools_missing() {
            let memory = Arc::new(MemoryStaff::default());
            return (StaffStores { accounts: memory.clone(), sessions: memory }, ());
        }
        let keys = Arc::new(CqlKeys::new(session().await));
        (StaffStores { accounts: keys.clone(), sessions: keys }, ())
    }

    testkit::staff_suite!(stores);
}

mod generations {
    use super::*;

    async fn stores() -> (GenerationStores, ()) {
        if crate::tools_missing() {
            return (all_sides(Arc::new(MemoryViews::default())), ());
        }
        (all_sides(Arc::new(CqlViews::new(crate::migrated("pointer").await))), ())
    }

    fn all_sides<T>(store: Arc<T>) -> GenerationStores
    where
        T: Projection + Views + Generations + Inspection + 'static,
    {
        let (projection, views) = (Arc::clone(&store), Arc::clone(&store));
        GenerationStores { projection, views, generations: Arc::clone(&store) as _, inspection: store }
    }

    testkit::generations_suite!(stores);
}
